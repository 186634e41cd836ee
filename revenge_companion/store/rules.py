"""The user's rules, in their order."""

import json
import logging
from collections.abc import Sequence

from revenge_companion.core.errors import RuleRefused
from revenge_companion.core.rule_files import as_values, from_values
from revenge_companion.core.rules import Rule, check_all
from revenge_companion.store.database import Database, Link
from revenge_companion.store.models import RuleRow
from revenge_companion.store.payload import compact

_log = logging.getLogger(__name__)


class Rules:
    """The rules of this profile."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def all(self) -> tuple[Rule, ...]:
        """Every rule in its order; one that this program cannot use is passed over."""
        query = RuleRow.select(RuleRow.body).order_by(RuleRow.position).tuples()
        bodies = await self._db.run(lambda link: [row[0] for row in query.execute(link.db)])
        rules = []
        for body in bodies:
            try:
                rules.append(from_values(json.loads(body)))
            except (RuleRefused, ValueError) as error:
                _log.warning("A rule cannot be used: %s", error)
        return tuple(rules)

    async def replace_all(self, rules: Sequence[Rule]) -> None:
        """Keep `rules` in place of those there were. Raises RuleRefused, or StoreTrouble."""
        check_all(rules)
        rows = [
            {"position": position, "name": rule.name, "body": compact(as_values(rule))}
            for position, rule in enumerate(rules)
        ]

        def job(link: Link) -> None:
            with link.atomic():
                RuleRow.delete().execute(link.db)
                for row in rows:
                    RuleRow.insert(row).execute(link.db)

        await self._db.run(job)
