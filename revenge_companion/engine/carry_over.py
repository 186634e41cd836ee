"""What an older version's settings said, said in today's way."""

import logging
from collections.abc import Mapping
from dataclasses import replace

from revenge_companion.core.errors import StoreTrouble
from revenge_companion.core.settings import Settings
from revenge_companion.engine.hosts import is_unencrypted
from revenge_companion.services.base import Service
from revenge_companion.store.accounts import Accounts
from revenge_companion.store.settings_file import SettingsFile

_log = logging.getLogger(__name__)


async def carry_over(
    file: SettingsFile,
    settings: Settings,
    accounts: Accounts,
    services: Mapping[str, Service],
    environ: Mapping[str, str],
) -> None:
    """Give what was allowed for all accounts at once to those that use it, then forget it.

    Done again, it changes nothing more; so a crash in between loses no permission.
    """
    if file.retired.get("allow_plain_http") is True:
        for account in await accounts.all():
            service = services.get(account.service)
            if service is not None and is_unencrypted(account, service.spec, environ):
                switches = replace(account.switches, allow_http=True)
                await accounts.set_switches(account.id, switches)
                _log.info("Plain http stays allowed for account %d", account.id)
    try:
        file.save(settings)
    except StoreTrouble as error:
        _log.warning("An old setting could not be removed: %s", error)
