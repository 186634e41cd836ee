"""What is said once an account is linked by command."""

import pytest

from revenge_companion.cli.accounts import _linked
from revenge_companion.services.base import ServiceSpec
from revenge_companion.services.catalog import SPECS


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.key)
def test_an_import_is_offered_where_there_is_one(
    capsys: pytest.CaptureFixture[str], spec: ServiceSpec
) -> None:
    key, imports = spec.key, spec.imports
    _linked({"account": {"id": 7, "service": key, "user": "anna"}})
    first, *more = capsys.readouterr().out.splitlines()
    assert first == f"Linked {key} account anna as number 7."
    offer = ["`import account:7 --preview` shows what it knows already."]
    assert more == (offer if imports else [])
