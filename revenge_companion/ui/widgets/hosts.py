"""Which hosts the program is in touch with, in one sentence that keeps up."""

from revenge_companion.core.status import Host, HostUse
from revenge_companion.ui.context import Context
from revenge_companion.ui.theme import Tone
from revenge_companion.ui.widgets.text import Text


class HostsText(Text):
    def __init__(self, context: Context) -> None:
        super().__init__(tone=Tone.MUTED, wrap=True)
        self._engine = context.engine
        self._show_hosts()
        context.bridge.status_changed.connect(self._show_hosts)
        context.bridge.accounts_changed.connect(self._show_hosts)

    def _show_hosts(self) -> None:
        said = ", ".join(self._said(host) for host in self._engine.hosts())
        self.setText(
            self.tr("The Companion contacts these and no others: {hosts}.").format(hosts=said)
            if said
            else self.tr("The Companion contacts nobody before you sign in or link an account.")
        )

    def _said(self, host: Host) -> str:
        what = host.service
        if host.use is HostUse.SERVER:
            what = self.tr("your server")
        elif host.use is HostUse.ANIME_MAP:
            what = self.tr("anime map")
        return f"{host.name} ({what})"
