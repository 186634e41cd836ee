"""Going on with the stored sign-in: when the program starts, or once the keyring gives it out."""

from collections.abc import Callable

from revenge_companion.core.clock import Clock
from revenge_companion.core.errors import CompanionError, SecretsUnavailable
from revenge_companion.core.status import SignInState
from revenge_companion.engine.signin import SignIn
from revenge_companion.engine.telling import Telling

#: Seconds between two tries to read the sign-in from a keyring that did not answer.
_KEYRING_RETRY_S = 60.0


class Resuming:
    """The start of a sign-in that was there before the program."""

    def __init__(
        self, sign_in: SignIn, clock: Clock, tell: Telling, secrets_trouble: Callable[[], str]
    ) -> None:
        self._sign_in = sign_in
        self._clock = clock
        self._tell = tell
        self._secrets_trouble = secrets_trouble

    async def now(self) -> bool:
        """Go on with the stored sign-in; False where the keyring may give it out later."""
        try:
            await self._sign_in.resume()
        except SecretsUnavailable as error:
            self._tell.trouble_is(str(error))
            return False
        except CompanionError as error:
            self._tell.trouble_is(str(error))
            return True
        return not self._secrets_trouble()

    async def later(self) -> None:
        """A keyring that is locked while the desktop starts opens when its user gets to it."""
        while True:
            await self._clock.sleep(_KEYRING_RETRY_S)
            if self._sign_in.state is not SignInState.SIGNED_OUT:
                return
            if await self.now():
                self._tell.trouble_is("")
                return
