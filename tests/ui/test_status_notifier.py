"""The icon where desktops ask for it over the bus (KDE, GNOME's extension)."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from jeepney import (
    DBusAddress,
    HeaderFields,
    Message,
    MessageType,
    Properties,
    new_error,
    new_method_call,
    new_method_return,
)
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import DBusConnection, open_dbus_connection

from tests.ui.display import PATIENCE_S, Desk, readable

NEEDED = ("Xvfb", "openbox", "dbus-daemon")
WATCHER, ITEM = "org.kde.StatusNotifierWatcher", "org.kde.StatusNotifierItem"

pytestmark = [
    pytest.mark.real_tray,
    pytest.mark.skipif(
        any(shutil.which(name) is None for name in NEEDED),
        reason=f"needs {', '.join(NEEDED)}",
    ),
]


class Panel:
    """A desktop's panel: it watches for icons and asks them what they show."""

    def __init__(self, address: str) -> None:
        self._line: DBusConnection = open_dbus_connection(address)
        self._call(message_bus.RequestName(WATCHER))
        self.item = ""

    def close(self) -> None:
        self._line.close()

    def wait_for_item(self) -> None:
        """Answer until an icon has registered itself."""
        while not self.item:
            self._answer(self._line.receive(timeout=PATIENCE_S))

    def shows(self, name: str) -> Any:
        """A property of the icon."""
        address = DBusAddress(self._path, bus_name=self._name, interface=ITEM)
        return self._call(Properties(address).get(name))[0][1]

    def activate(self) -> None:
        """Click it."""
        address = DBusAddress(self._path, bus_name=self._name, interface=ITEM)
        self._call(new_method_call(address, "Activate", "ii", (10, 10)))

    def menu(self) -> list[str]:
        """The texts of its menu."""
        address = DBusAddress(
            self.shows("Menu"), bus_name=self._name, interface="com.canonical.dbusmenu"
        )
        asked = new_method_call(address, "GetLayout", "iias", (0, 1, ["label"]))
        _, (_, _, children) = self._call(asked)
        lines = [properties for _, (_, properties, _) in children]
        return [line["label"][1] for line in lines if "label" in line]

    @property
    def _name(self) -> str:
        return self.item.partition("/")[0]

    @property
    def _path(self) -> str:
        return "/StatusNotifierItem"

    def _call(self, asked: Message) -> Any:
        """The answer to a call; what others ask meanwhile is answered."""
        asked.header.serial = next(self._line.outgoing_serial)
        self._line.send(asked, serial=asked.header.serial)
        while True:
            message = self._line.receive(timeout=PATIENCE_S)
            if message.header.fields.get(HeaderFields.reply_serial) == asked.header.serial:
                assert message.header.message_type is MessageType.method_return, message.body
                return message.body
            self._answer(message)

    def _answer(self, message: Message) -> None:
        if message.header.message_type is not MessageType.method_call:
            return
        member = message.header.fields[HeaderFields.member]
        known: dict[str, Callable[[], Message]] = {
            "RegisterStatusNotifierItem": lambda: self._register(message),
            "Get": lambda: new_method_return(message, "v", (("b", True),)),
            "GetAll": lambda: new_method_return(
                message, "a{sv}", ({"IsStatusNotifierHostRegistered": ("b", True)},)
            ),
        }
        made = known.get(member)
        self._line.send(
            made() if made is not None else new_error(message, "org.freedesktop.DBus.Error.Failed")
        )

    def _register(self, message: Message) -> Message:
        named = message.body[0]
        sender = message.header.fields[HeaderFields.sender]
        self.item = sender if named.startswith("/") else named
        return new_method_return(message)


@pytest.fixture
def bus_and_desk() -> Iterator[tuple[str, Desk]]:
    with ExitStack() as ends:
        desk = Desk(ends)
        bus = desk.start(
            ["dbus-daemon", "--session", "--nofork", "--print-address"],
            desk.env,
            stdout=subprocess.PIPE,
        )
        assert bus.stdout is not None
        assert readable(bus.stdout)
        address = bus.stdout.readline().strip()
        desk.env["DBUS_SESSION_BUS_ADDRESS"] = address
        yield address, desk


def test_the_icon_shows_itself_over_the_bus(bus_and_desk: tuple[str, Desk]) -> None:
    address, desk = bus_and_desk
    panel = Panel(address)
    program = desk.program()
    panel.wait_for_item()
    assert program.said("available") is True

    assert panel.shows("IconPixmap") or panel.shows("IconName")
    assert "Simkl signed you out" in str(panel.shows("ToolTip"))
    lines = panel.menu()
    assert any("Dune: Part Two" in line for line in lines)
    assert lines[-1].replace("_", "") == "Quit"
    panel.activate()
    assert program.said("clicked") is True
    panel.close()
