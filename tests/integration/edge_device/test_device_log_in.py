"""Log-in of technicians: the same answer for everybody who is wrong, and ever longer waits."""

from __future__ import annotations

import re

from tests.integration.edge_device.device_house import DeviceHouse


def test_wrong_passwords_wait_ever_longer(device_house: DeviceHouse) -> None:
    browser = device_house.browse()
    for name in ("li.wei", "no.body"):
        answers = [browser.log_in("wrong wrong wrong", name) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [403, 403, 403]
        assert "wrong wrong wrong" not in answers[-1].text
    waiting = browser.log_in()  # the right one waits too
    assert waiting.status_code == 429
    assert re.search(r"请等 [12] 秒", waiting.text)
    browser.close()


def test_the_file_is_unusable_the_page_says_so(device_house: DeviceHouse) -> None:
    kept = device_house.accounts_file.read_text()
    device_house.accounts_file.write_text("li.wei:plain text\n")
    browser = device_house.browse()
    try:
        answer = browser.log_in(name="chen.jing")
        assert answer.status_code == 503
        assert "名单文件不能用" in answer.text
    finally:
        device_house.accounts_file.write_text(kept)
        browser.close()
