"""Every page and dialog, light and dark, as pictures to look at.

REVENGE_COMPANION_SCREENSHOTS names the folder they go to, REVENGE_COMPANION_SCREENSHOTS_IN the
language they are in, such as "de".
"""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, QRect, QSize, QTranslator
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QApplication

from revenge_companion.core.delivery import DeliveryState
from revenge_companion.core.errors import CompanionError, SignInRefused
from revenge_companion.core.playback import Source
from revenge_companion.core.reasons import Reason
from revenge_companion.core.rules import Seen, preview
from revenge_companion.core.status import EngineStatus, OutboxCounts, SourceStatus
from revenge_companion.services.base import LinkPrompt
from revenge_companion.ui.context import Context
from revenge_companion.ui.dialogs.edit import EditDialog
from revenge_companion.ui.dialogs.link import LinkDialog
from revenge_companion.ui.dialogs.passphrase import PassphraseDialog
from revenge_companion.ui.dialogs.rule import RuleDialog
from revenge_companion.ui.dialogs.rules_preview import RulesPreviewDialog
from revenge_companion.ui.dialogs.signin import SignInDialog
from revenge_companion.ui.places import Place
from revenge_companion.ui.theme import GRID, svg_icon
from revenge_companion.ui.tray_state import TrayIcon
from revenge_companion.ui.widgets.demo_banner import DemoBanner
from revenge_companion.ui.window import Window
from tests.clock import FakeClock, settle
from tests.ui.display import ROOT
from tests.ui.fake_amending import RULES
from tests.ui.fake_engine import (
    LONG,
    NOW,
    SIGNED_IN,
    SPECS,
    WORDS,
    FakeEngine,
    not_counted,
    play,
    playing,
    waiting,
)
from tests.ui.pictures import Shoot


class Longer(QTranslator):
    """Every text a third longer, as German is."""

    def translate(
        self, context: str, source: str, disambiguation: str | None = None, n: int = -1
    ) -> str:
        words = source.replace("(s)", "" if n == 1 else "s").split(" ")
        return " ".join([words[0] + "ungen"[: max(2, len(words[0]) // 2)], *words[1:]])

    def isEmpty(self) -> bool:  # noqa: N802  # Qt's name
        return False


@pytest.fixture
async def window(context: Context, busy_engine: FakeEngine) -> AsyncIterator[Window]:
    busy_engine.ledger[1] = not_counted(2, LONG)
    busy_engine.ledger[3] = play(4, WORDS)
    busy_engine.deliveries[1] = waiting(
        2,
        LONG,
        state=DeliveryState.PARKED,
        reason_code=Reason.NOT_FOUND,
        detail="Movie not found (id 4711).",
    )
    made = Window(context, has_tray=lambda: True)
    yield made
    made.shut()
    made.deleteLater()
    await settle()


async def shown(window: Window, page: int) -> None:
    window.sidebar.choose(page)
    window.show()
    await settle()


async def test_activity(window: Window, shoot: Shoot, busy_engine: FakeEngine) -> None:
    busy_engine.become(now_playing=(playing(), playing(WORDS, play_key="p2", counts_at=None)))
    await shown(window, Place.ACTIVITY)
    shoot(window, "activity")
    view, model = window.activity.view, window.activity.model
    outcome = model.index(1, 2)
    assert (
        outcome.data() == "Stopped at 34\N{NO-BREAK SPACE}%: it counts from 80\N{NO-BREAK SPACE}%"
    )
    needed = view.sizeHintForIndex(outcome).width()
    assert needed <= view.columnWidth(outcome.column()), "the reason is cut off"
    marks = "ListenBrainz \N{CHECK MARK}   Last.fm \N{CHECK MARK}"
    needed = view.fontMetrics().horizontalAdvance(marks) + 2 * GRID
    assert needed <= view.columnWidth(3), "what became of it is cut off"
    window.show_play(busy_engine.ledger[1].id)
    await settle()
    shoot(window, "activity-story-not-counted")
    window.show_play(busy_engine.ledger[0].id)
    await settle()
    shoot(window, "activity-story")


async def test_the_picture_in_the_readme_shows_every_page(window: Window) -> None:
    await shown(window, Place.ACTIVITY)
    readme = QImage(str(ROOT / "resources" / "screenshots" / "activity-light.png"))
    assert readme.size() == window.size()
    pages = window.sidebar.list
    rows = [pages.visualItemRect(pages.item(row)) for row in range(pages.count())]
    below = rows[-1].translated(0, rows[-1].height() + 4)
    ground = readme.pixel(below.center())

    def is_written_on(rect: QRect) -> bool:
        here = rect.translated(pages.viewport().mapTo(window, QPoint(0, 0)))
        inner = here.adjusted(12, 4, -12, -4)
        across, down = range(inner.left(), inner.right()), range(inner.top(), inner.bottom())
        return any(readme.pixel(x, y) != ground for x in across for y in down)

    assert [is_written_on(rect) for rect in (*rows, below)] == [True] * len(rows) + [False]


async def test_activity_at_its_smallest(
    window: Window, shoot: Shoot, busy_engine: FakeEngine
) -> None:
    window.resize(window.minimumSize())
    busy_engine.become(now_playing=(playing(LONG),))
    await shown(window, Place.ACTIVITY)
    picture = shoot(window, "activity-small")

    assert picture.size() == window.minimumSize()


async def test_outbox(window: Window, shoot: Shoot) -> None:
    await shown(window, Place.OUTBOX)
    window.outbox.view.selectRow(1)
    shoot(window, "outbox")


async def test_accounts(window: Window, shoot: Shoot) -> None:
    await shown(window, Place.ACCOUNTS)
    window.accounts.cards[1].show_more(True)
    await settle()
    shoot(window, "accounts")
    window.accounts.verticalScrollBar().setValue(10_000)
    shoot(window, "accounts-add")


async def test_settings(window: Window, shoot: Shoot, busy_engine: FakeEngine) -> None:
    busy_engine.become(
        source=SourceStatus(Source.POLL, connected=True, reason_code=Reason.NO_LIVE_EVENTS)
    )
    await shown(window, Place.SETTINGS)
    shoot(window, "settings")
    window.settings.verticalScrollBar().setValue(10_000)
    shoot(window, "settings-more")


async def test_rules(window: Window, shoot: Shoot, busy_engine: FakeEngine) -> None:
    busy_engine.amending.rules = RULES
    await shown(window, Place.SETTINGS)
    window.settings.rules.table.selectRow(1)
    window.settings.ensureWidgetVisible(window.settings.rules.export, 0, 60)
    shoot(window, "rules")
    past = [Seen(n, replace(WORDS, artist="low"), "Kitchen", NOW) for n in range(3)]
    past.append(Seen(9, replace(WORDS, artist="low", title=LONG.title), "Kitchen", NOW))
    block = replace(RULES[2], find="low", enabled=True, name="No slow music")
    for name, rules in (("rules-preview", RULES), ("rules-blocked", (block,)), ("rules-none", ())):
        preview_of = RulesPreviewDialog(None, preview(rules, past), accept="Import 3 rules")
        preview_of.show()
        shoot(preview_of, name)
        preview_of.reject()
        preview_of.deleteLater()
    for name, rule in (("rule-new", None), ("rule-edit", RULES[0]), ("rule-block", RULES[2])):
        dialog = RuleDialog(None, save=_nothing, try_rule=_nothing, rule=rule)
        dialog.show()
        shoot(dialog, name)
        if rule is RULES[0]:
            dialog.find_text.setText("(a+)+")
            shoot(dialog, "rule-refused")
        dialog.reject()
        dialog.deleteLater()


async def _nothing(_: object) -> None:
    return


async def test_edit_dialog(shoot: Shoot, qapp: QApplication) -> None:
    values = {
        "series": "Severance",
        "season": "2",
        "episode": "3",
        "title": "Who Is Alive?",
        "series_tmdb": "95396",
        "tvdb": "",
        "date": "2026-03-01T19:58:00+00:00",
    }
    dialog = EditDialog(
        None, title="Severance S02E03 \N{RIGHTWARDS ARROW} Trakt", values=values, save=_nothing
    )
    dialog.show()
    shoot(dialog, "edit")
    dialog.fields["season"].setText("x")
    dialog.message.setText("Season has to be a whole number from 0 to 10000.")
    shoot(dialog, "edit-refused")
    dialog.reject()
    dialog.deleteLater()


async def test_empty_pages(context: Context, engine: FakeEngine, shoot: Shoot) -> None:
    window = Window(context, has_tray=lambda: False)
    for page, name in enumerate(("activity", "outbox", "accounts", "settings")):
        await shown(window, page)
        shoot(window, f"empty-{name}")
    engine.become(**_fields(replace(SIGNED_IN, accounts=(), now_playing=(), outbox=OutboxCounts())))
    engine.become(trouble="The disk is full. Plays are kept in memory until there is room again.")
    await shown(window, Place.ACTIVITY)
    shoot(window, "trouble")
    window.shut()
    window.deleteLater()


def _fields(status: EngineStatus) -> dict[str, object]:
    return {name: getattr(status, name) for name in EngineStatus.__dataclass_fields__}


async def test_longer_words(
    context: Context, busy_engine: FakeEngine, qapp: QApplication, shoot: Shoot
) -> None:
    longer = Longer()
    qapp.installTranslator(longer)
    window = Window(context, has_tray=lambda: True)
    for page, name in enumerate(("activity", "outbox", "accounts", "settings")):
        await shown(window, page)
        shoot(window, f"longer-{name}")
    qapp.removeTranslator(longer)
    window.shut()
    window.deleteLater()


async def test_demo_banner(context: Context, busy_engine: FakeEngine, shoot: Shoot) -> None:
    async def nothing() -> None:
        return

    text = (
        "This is the demo: a film and an album are playing on a server inside the program. Cut the "
        "network and watch the outbox fill."
    )
    window = Window(context, has_tray=lambda: True, banner=DemoBanner(text, nothing, nothing))
    await shown(window, Place.ACTIVITY)
    shoot(window, "demo")
    window.shut()
    window.deleteLater()


async def test_sign_in_dialog(shoot: Shoot, context: Context, engine: FakeEngine) -> None:
    dialog = SignInDialog(None, sign_in=engine.sign_in, sign_in_with_key=engine.sign_in_with_key)
    dialog.show()
    shoot(dialog, "signin")
    dialog.server.setText("media.example.org")
    dialog.username.setText("anna")
    dialog.password.setText("secret")
    engine.fails = SignInRefused("media.example.org does not accept this name and password.")
    dialog.accept_button.click()
    await settle()
    shoot(dialog, "signin-refused")
    dialog.ways.setCurrentIndex(1)
    shoot(dialog, "signin-key")
    dialog.reject()
    dialog.deleteLater()


async def test_passphrase_dialog(shoot: Shoot, engine: FakeEngine) -> None:
    dialog = PassphraseDialog(None, unlock=engine.unlock)
    dialog.show()
    shoot(dialog, "passphrase")
    dialog.reject()
    dialog.deleteLater()


@pytest.mark.parametrize("spec", SPECS, ids=[spec.key for spec in SPECS])
async def test_link_dialogs(
    spec: object, shoot: Shoot, context: Context, engine: FakeEngine, clock: FakeClock
) -> None:
    async def link(request: object, label: str, show: object) -> object:
        return await engine.link(spec.key, request, label, show)  # type: ignore[attr-defined,arg-type]

    dialog = LinkDialog(
        None,
        spec=spec,  # type: ignore[arg-type]
        link=link,  # type: ignore[arg-type]
        clock=clock,
        open_address=lambda address: None,
    )
    dialog.show()
    name = f"link-{spec.key}"  # type: ignore[attr-defined]
    shoot(dialog, name)
    dialog.server.own.setChecked(True)
    shoot(dialog, f"{name}-own")
    dialog.server.own.setChecked(False)
    dialog.secret.setText("t" * 36)
    engine.prompt = LinkPrompt(
        "https://auth.example.org/activate",
        code="ABCD-1234" if spec.key in ("trakt", "simkl") else "",  # type: ignore[attr-defined]
        complete_url="https://auth.example.org/activate/ABCD-1234",
        expires_in_s=600,
    )
    engine.fails = CompanionError("You did not allow the Companion. Start again when you want to.")
    dialog.go.click()
    await settle()
    shoot(dialog, f"{name}-refused")
    import asyncio

    engine.gate = asyncio.Event()
    dialog.go.click()
    await settle()
    shoot(dialog, f"{name}-waiting")
    dialog.reject()
    await settle()
    dialog.deleteLater()


def test_tray_icons(shoot: Shoot, theme: str, qapp: QApplication) -> None:
    sheet = QPixmap(QSize(48 * 8, 100))
    from PySide6.QtGui import QColor, QPainter

    painter = QPainter(sheet)
    painter.fillRect(0, 0, 400, 50, QColor("#F2F2F2"))
    painter.fillRect(0, 50, 400, 50, QColor("#202124"))
    for number, state in enumerate([*(f"tray/{icon}" for icon in TrayIcon), "app"]):
        for y in (0, 50):
            painter.drawPixmap(number * 48 + 4, y + 4, svg_icon(state).pixmap(24, 24))
            painter.drawPixmap(number * 48 + 30, y + 14, svg_icon(state).pixmap(16, 16))
    painter.end()
    from PySide6.QtWidgets import QLabel

    label = QLabel()
    label.setPixmap(sheet)
    label.resize(sheet.size())
    shoot(label, "tray-icons")
