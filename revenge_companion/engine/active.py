"""The active profile: whose plays are heard and listed, and whose accounts are in use."""

from collections.abc import Callable, Sequence

from revenge_companion.core.errors import StoreTrouble
from revenge_companion.core.profiles import NOBODY, KnownProfile
from revenge_companion.engine.api import Change
from revenge_companion.engine.lanes import Lanes
from revenge_companion.engine.listener import Listener
from revenge_companion.engine.telling import Telling


class Active:
    """What changes with the profile; `Lanes.profile` says which one it is."""

    def __init__(
        self,
        lanes: Lanes,
        listener: Listener,
        tell: Telling,
        known: Callable[[], Sequence[KnownProfile]],
    ) -> None:
        """`known` are all profiles there are."""
        self._lanes = lanes
        self._listener = listener
        self._tell = tell
        self._known = known

    def whose(self) -> int | None:
        """Whose plays are listed; None where there is one profile only."""
        return self._lanes.profile if len(self._known()) > 1 else None

    async def enter(self, profile: int) -> None:
        """This profile's plays are heard from now on, and its accounts are the ones in use."""
        lanes = self._lanes
        await self._listener.switch(profile)
        was, lanes.profile = lanes.profile, profile
        # Accounts that were nobody's are somebody's now.
        if was == profile and all(one.profile != NOBODY for one in lanes.linked):
            return
        try:
            await lanes.refresh()
        except StoreTrouble as error:
            self._tell.trouble_is(str(error))
        self._tell.changed(
            Change.ACCOUNTS,
            Change.STATUS,
            Change.PLAYS,
            Change.NOW_PLAYING,
            Change.LIBRARY,
            Change.SYNC,
        )
