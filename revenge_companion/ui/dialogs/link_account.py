"""The link dialog over the engine, for the pages and the first steps."""

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from revenge_companion.core.accounts import Account
from revenge_companion.services.base import LinkRequest, ProbeResult, ServiceSpec, ShowPrompt
from revenge_companion.ui import ask
from revenge_companion.ui.context import Context
from revenge_companion.ui.dialogs.link import LinkDialog


async def link_account(
    parent: QWidget,
    context: Context,
    spec: ServiceSpec,
    *,
    open_address: Callable[[str], None],
    again: Account | None = None,
) -> Account | None:
    """Link an account at `spec`, or `again` anew; None when the user thinks better of it."""

    async def link(request: LinkRequest, label: str, show: ShowPrompt) -> Account:
        return await context.engine.link(spec.key, request, label, show)

    async def probe(address: str, allow_http: bool) -> ProbeResult:
        return await context.engine.probe(spec.key, address, allow_http=allow_http)

    async def whose(request: LinkRequest) -> str:
        return await context.engine.whose(spec.key, request)

    dialog = LinkDialog(
        parent,
        spec=spec,
        link=link,
        probe=probe,
        whose=whose,
        clock=context.clock,
        open_address=open_address,
        again=again,
    )
    try:
        await ask.opened(dialog)
        return dialog.account
    finally:
        dialog.deleteLater()
