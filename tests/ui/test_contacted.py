"""The settings name every host that is contacted, as it is now."""

from revenge_companion.core.status import Host, HostUse
from revenge_companion.ui.context import Context
from revenge_companion.ui.widgets.hosts import HostsText
from tests.ui.fake_engine import FakeEngine


async def test_the_sentence_names_each_host_and_what_it_is_for(
    context: Context, engine: FakeEngine
) -> None:
    said = HostsText(context)
    assert said.text() == ("The Companion contacts nobody before you sign in or link an account.")
    engine.contacted = (
        Host("media.example.org", HostUse.SERVER),
        Host("api.trakt.tv", HostUse.SERVICE, "Trakt"),
        Host("maps.example.org", HostUse.ANIME_MAP),
    )
    engine.become()
    assert said.text() == (
        "The Companion contacts these and no others: media.example.org (your server), "
        "api.trakt.tv (Trakt), maps.example.org (anime map)."
    )
    said.deleteLater()
