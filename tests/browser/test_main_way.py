"""The way of an archivist through the pages: log in, find a box, see where it is, ask for its aisle, watch the map."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.centre import Centre, RoomVoice, draw_view

# The first test also founds and starts a centre; two cores may be shared.
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
LogIn = Callable[..., Page]


def test_log_in_says_what_is_wrong_and_keeps_what_was_typed(new_context: Callable[..., object], centre: Centre) -> None:
    page = new_context().new_page()
    page.goto("/boxes?q=x")
    expect(page).to_have_url(f"{centre.url}/login?next=%2Fboxes%3Fq%3Dx")
    page.fill("#login", "lihui")
    page.fill("#password", "not it")
    page.click("form button.is-primary")
    expect(page.get_by_role("alert")).to_contain_text("登录名与密码不符")
    expect(page.locator("#login")).to_have_value("lihui")
    expect(page.locator("#password")).to_have_value("")
    page.fill("#password", centre.password_of("lihui"))
    page.click("form button.is-primary")
    expect(page).to_have_url(f"{centre.url}/boxes?q=x")


def test_slash_leads_to_the_search_box_and_a_chinese_name_to_its_box(log_in: LogIn, centre: Centre) -> None:
    page = log_in()
    box = next(box for box in centre.plan.boxes if len(box.customer_name) >= 3)
    page.keyboard.press("/")
    page.keyboard.type(box.customer_name[:3])
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr").first).to_be_visible()
    for text in page.locator("tbody tr").all_inner_texts():
        assert box.customer_name[:3] in text
    page.goto(f"/boxes?q={box.code}")
    page.locator("tbody tr td").nth(4).click(force=True)  # anywhere in the row opens it
    expect(page.locator("h1")).to_have_text(box.title)
    place = centre.plan.by_key[box.place_key]
    path = f"1区 {place.column}列 {place.face}面 {place.section}节 {place.tier}层 {place.slot}位"
    expect(page.locator(".where b")).to_have_text(path)
    expect(page.get_by_text("建库登记")).to_be_visible()
    expect(page.locator(".where time")).to_have_attribute("title", re.compile(r"^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d$"))


def test_asking_for_an_aisle_shows_the_rooms_answer_in_words(
    log_in: LogIn, centre: Centre, room_voice: RoomVoice
) -> None:
    page = log_in()
    box = centre.plan.boxes[0]
    page.goto(f"/boxes?q={box.code}")
    page.click("tbody a.opens")
    room_voice.answer = ("prompted", None)
    page.click("text=请求打开通道")
    expect(page.get_by_role("status")).to_contain_text("现场人员已看到请求")
    assert room_voice.asked[-1]["kind"] == "propose_aisle"
    assert room_voice.asked[-1]["body"] == {"box_code": box.code}
    room_voice.answer = ("refused", "seen_occupied")
    page.click("text=请求打开通道")
    expect(page.get_by_role("status")).to_contain_text("密集架没有移动")
    expect(page.get_by_role("status")).to_contain_text("传感器发现将要关闭的通道内有人")
    page.reload()
    expect(page.get_by_role("status")).to_have_count(0)  # told once; a reload asks nothing again
    room_voice.answer = ("queued", None)
    page.click("text=打印标签")
    expect(page.get_by_role("status")).to_contain_text("标签正在档案室打印机排队")
    assert room_voice.asked[-1]["kind"] == "print_label"


def test_the_map_moves_with_the_room(log_in: LogIn, room_voice: RoomVoice) -> None:
    room_voice.show(draw_view(3))
    page = log_in()
    page.click("text=库房图")
    plan = page.locator("svg.plan")
    expect(plan.locator("> title")).to_have_text("1区, 静止, 通道 3 已打开，宽 800 毫米")
    before = page.locator(".column").nth(6).get_attribute("transform")
    room_voice.show(draw_view(3, target=7, share=0.5))
    expect(plan.locator("> title")).to_contain_text("通道 3 正在关闭")
    expect(plan.locator("> title")).to_contain_text("通道 7 正在打开")
    expect(page.locator(".bank-state")).to_have_text("移动中")
    expect(page.locator(".column").nth(6)).to_have_attribute("transform", "translate(3700 0)")
    assert before == "translate(4100 0)"
    expect(page.locator('[data-aisle="A-3"]')).to_have_text("正在关闭")
    expect(page.locator('[data-aisle="A-7"]')).to_have_text("正在打开")
    room_voice.show(draw_view(7))
    expect(plan.locator("> title")).to_contain_text("通道 7 已打开")
    expect(page.locator(".column").nth(6)).to_have_attribute("transform", "translate(3300 0)")
    expect(page.locator('[data-aisle="A-3"]')).to_have_text("已合拢")
    expect(page.locator('[data-aisle="A-7"]')).to_have_text("已打开")


def test_a_face_opens_beside_the_map_and_leads_to_a_box(log_in: LogIn, centre: Centre, room_voice: RoomVoice) -> None:
    box = centre.plan.boxes[0]
    place = centre.plan.by_key[box.place_key]
    page = log_in()
    page.goto("/rooms/r01")
    page.locator(f'a.face[aria-label^="{place.column}列 {place.face}面"] .face-target').click()
    expect(page.locator("#panel h2").first).to_have_text(f"1区 {place.column}列 {place.face}面")
    page.locator(f'#panel .elevation a[title^="{place.section}节 {place.tier}层"]').click()
    page.get_by_role("link", name=box.title, exact=True).first.click()
    expect(page.locator("h1")).to_have_text(box.title)


def test_search_hits_are_marked_on_the_map(log_in: LogIn, centre: Centre, room_voice: RoomVoice) -> None:
    box = centre.plan.boxes[3]
    place = centre.plan.by_key[box.place_key]
    page = log_in()
    page.goto(f"/rooms/r01?q={box.code}")
    expect(page.locator(".face-hit.is-hit")).to_have_count(1)
    label = f"{place.column}列 {place.face}面, 含搜索结果"
    expect(page.locator(f'a.face[aria-label="{label}"]')).to_have_count(1)


def test_a_cut_stream_is_said_and_the_picture_greyed(log_in: LogIn, room_voice: RoomVoice) -> None:
    room_voice.show(draw_view(3))
    page = log_in()
    page.goto("/rooms/r01")
    expect(page.locator("svg.plan")).not_to_have_class(re.compile("is-stale"))
    page.route("**/live", lambda route: route.abort())
    page.reload()
    expect(page.locator("#live-banner")).to_contain_text("实时更新已断开")
    expect(page.locator("svg.plan")).to_have_class(re.compile("is-stale"))


def test_an_offline_gateway_makes_the_map_stale(log_in: LogIn, room_voice: RoomVoice) -> None:
    page = log_in()
    page.goto("/rooms/r01")
    try:
        room_voice.say_presence("offline")
        expect(page.locator("svg.plan")).to_have_class(re.compile("is-stale"))
    finally:
        room_voice.say_presence("online")
        room_voice.show(draw_view(3))
    expect(page.locator("svg.plan")).not_to_have_class(re.compile("is-stale"))


def test_air_and_dangers_are_told_in_words_and_follow_the_room(log_in: LogIn, room_voice: RoomVoice) -> None:
    air: dict[str, object] = {"temperature_dc": 268, "humidity_permille": 520, "out": ["hot"]}
    air |= {"temperature_band_dc": [140, 240], "humidity_band_permille": [450, 600]}
    told = draw_view(3, climate=air, hazards=["smoke"], faults=["overload"], door_open=True)
    page = log_in()
    try:
        room_voice.show(told)
        page.goto("/rooms/r01")
        signs = page.locator(".bank-signs li")
        expected = ["烟雾", "过载", "库房门开着", "温度 26.8 °C(适宜 14 至 24 °C) 过热"]
        expected.append("湿度 52 %(适宜 45 至 60 %) 适宜")
        expect(signs).to_have_text(expected)
        expect(signs.locator("svg.icon")).to_have_count(5)
        # the same report drawn by the server, without script
        bare = page.request.get("/rooms/r01").text()
        assert all(word in bare for word in ("烟雾", "过载", "库房门开着", "温度 26.8 °C(适宜 14 至 24 °C)"))
        room_voice.show(told | {"hazards": [], "faults": [], "door_open": False, "climate": air | {"out": []}})
        expect(signs).to_have_text(["温度 26.8 °C(适宜 14 至 24 °C) 适宜", expected[-1]])
    finally:
        room_voice.show(draw_view(3))
    expect(signs).to_have_count(0)
