"""Manners of every page: readable by everyone, in both languages, without script, within its content policy."""

from __future__ import annotations

import re
import secrets
import statistics
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.access import find_grave
from tests.browser.centre import Centre, RoomVoice, draw_view
from tests.wait import wait_for

# The first test also founds and starts a centre; two cores may be shared.
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
LogIn = Callable[..., Page]
NewContext = Callable[..., BrowserContext]

HAN = re.compile(r"[\u4e00-\u9fff]")
#: Waits for the first paint of content and returns when it came, in ms after the visit began.
FIRST_CONTENT = """() => new Promise((resolve) => new PerformanceObserver((list) => {
  const paint = list.getEntriesByName("first-contentful-paint")[0];
  if (paint) resolve(paint.startTime);
}).observe({ type: "paint", buffered: true }))"""
#: (login, address, status); {box} is the address of a box.
PAGES = (
    ("lihui", "/", 200),
    ("lihui", "/rooms/r01", 200),
    ("lihui", "/rooms/r01?bank=A&column=7&face=A", 200),
    ("lihui", "/rooms/r01?bank=A&aisle=3&layer=used", 200),
    ("lihui", "/boxes", 200),
    ("lihui", "/boxes?q=%E6%B2%A1%E6%9C%89%E8%BF%99%E4%B8%AA%E5%90%8D%E5%AD%97", 200),
    ("lihui", "{box}", 200),
    ("lihui", "/gateways", 200),
    ("lihui", "/no-such-page", 404),
    ("lihui", "/people", 403),
    ("admin", "/", 200),
    ("admin", "/rooms/r01?bank=A&column=7&face=A", 200),
    ("admin", "/people", 200),
    ("admin", "/people/new", 200),
    ("admin", "{person}", 200),
    ("admin", "{person}/roles/new", 200),
    ("admin", "{person}/deactivate", 200),
    ("admin", "/organisation", 200),
    ("admin", "/audit", 200),
    ("admin", "/approvals", 200),
    ("admin", "/rules", 200),
    ("admin", "/rules/new", 200),
    ("admin", "/deliveries", 200),
    ("admin", "/callbacks", 200),
    ("lihui", "/me", 200),
    ("lihui", "/me/password", 200),
    ("lihui", "/me/absences/new", 200),
    ("zhaogong", "/gateways", 200),
)


@pytest.fixture
def moving_room(room_voice: RoomVoice) -> Iterator[RoomVoice]:
    """The room while aisle 7 opens: all of the drawing's colours are in use."""
    lamp = {"aisle": 7, "face": "A", "section": 3, "tier": 4}
    room_voice.show(draw_view(3, target=7, share=0.4, indicator=lamp))
    yield room_voice
    room_voice.show(draw_view(3))


def find_box(page: Page, centre: Centre) -> str:
    page.goto(f"/boxes?q={centre.plan.boxes[0].code}")
    return str(page.locator("tbody a.opens").get_attribute("href"))


def find_person(page: Page) -> str:
    page.goto("/people?q=zhaogong")
    return str(page.locator("tbody a.opens").get_attribute("href"))


# contrast is the same in every language
@pytest.mark.parametrize(("language", "scheme"), [("zh-CN", "light"), ("en", "light"), ("zh-CN", "dark")])
def test_axe_finds_nothing_serious(
    log_in: LogIn, new_context: NewContext, centre: Centre, moving_room: RoomVoice, *, language: str, scheme: str
) -> None:
    pages = {login: log_in(login, language, color_scheme=scheme) for login in ("lihui", "admin", "zhaogong")}
    box, person = find_box(pages["lihui"], centre), find_person(pages["admin"])
    visits = [(pages[login], address.format(box=box, person=person), status) for login, address, status in PAGES]
    visits.append((new_context(language, color_scheme=scheme).new_page(), "/login", 200))
    found: dict[str, Any] = {}
    for page, address, status in visits:
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == status, address
        if page.locator("[data-map]").count():
            expect(page.locator("svg.plan .column").first).to_be_visible()
        for violation, nodes in find_grave(
            page, **({"runOnly": ["color-contrast"]} if scheme == "dark" else {})
        ).items():
            found.setdefault(violation, []).append((address, nodes))
    assert found == {}


def test_english_pages_are_english(log_in: LogIn, centre: Centre, room_voice: RoomVoice) -> None:
    """Han characters appear only in what the rows hold: names of people, rooms, banks and boxes."""
    page = log_in("lihui", "en")
    for address in ("/", "/gateways", "/no-such-page", "/boxes?state=unknown"):
        page.goto(address)
        for text in page.locator("h1, h2, th, label, button, .side a, .chip, .head p").all_inner_texts():
            assert not HAN.search(text.replace("李慧", "").replace(centre.plan.options.name, "")), (address, text)


def test_language_is_switched_in_place_and_kept(log_in: LogIn, centre: Centre) -> None:
    page = log_in()
    page.goto("/boxes?state=shelved")
    page.click("text=English")
    expect(page).to_have_url(f"{centre.url}/boxes?state=shelved")
    expect(page.locator("h1")).to_have_text("Boxes")
    page.goto("/gateways")
    expect(page.locator("h1")).to_have_text("Gateways")
    page.click("text=中文")
    expect(page.locator("h1")).to_have_text("网关")


def test_everything_but_live_parts_works_without_script(log_in: LogIn, centre: Centre, room_voice: RoomVoice) -> None:
    box = centre.plan.boxes[5]
    place = centre.plan.by_key[box.place_key]
    page = log_in(java_script_enabled=False)
    page.goto("/rooms/r01")
    assert "图形显示需要启用脚本" in page.locator("noscript").inner_html()
    expect(page.locator(".bank-plan")).to_be_hidden()
    column = page.locator("#panel tbody tr").nth(place.column - 1)
    column.locator("td").nth(1 if place.face == "A" else 2).locator("a").click()
    page.locator(f'.elevation a[title^="{place.section}节 {place.tier}层"]').click()
    page.get_by_role("link", name=box.title, exact=True).first.click()
    expect(page.locator("h1")).to_have_text(box.title)
    room_voice.answer = ("prompted", None)
    page.click("text=请求打开通道")
    expect(page.get_by_role("status")).to_contain_text("现场人员已看到请求")
    page.fill("#search", box.customer_name)
    page.locator("#search").press("Enter")
    expect(page.locator("tbody tr").first).to_contain_text(box.customer_name)
    page.click("text=退出")
    expect(page).to_have_url(f"{centre.url}/login")
    page.goto("/boxes")
    expect(page).to_have_url(re.compile("/login"))


def test_map_is_reached_by_keyboard_alone(log_in: LogIn, room_voice: RoomVoice) -> None:
    page = log_in()
    page.goto("/rooms/r01")
    face = page.locator('a.face[aria-label^="7列 A面"]')
    expect(face).to_be_visible()
    face.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#panel h2").first).to_have_text("1区 7列 A面")
    expect(page).to_have_url(re.compile(r"column=7&face=A"))
    page.go_back()
    expect(page.locator("#panel h2").first).to_have_text("列与通道")


def test_the_menu_is_walked_by_tab_and_enter(log_in: LogIn) -> None:
    page = log_in("admin")
    page.goto("/")
    entries = [str(each.get_attribute("href")) for each in page.locator(".side a:visible").all()]
    assert len(entries) > 4
    walked: list[str] = []
    for _ in range(40):
        page.keyboard.press("Tab")
        href = page.evaluate("document.activeElement.closest('.side') && document.activeElement.getAttribute('href')")
        if href:
            walked.append(href)
        elif walked:
            break
    assert walked == entries
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(entries[-1]))
    expect(page.locator('.side a[aria-current="page"]')).to_have_attribute("href", entries[-1])


def test_list_is_filtered_sorted_and_paged_by_its_address(log_in: LogIn, centre: Centre) -> None:
    page = log_in()
    page.goto("/boxes")
    expect(page.locator(".count")).to_have_text(f"共 {len(centre.plan.boxes)} 盒")
    page.click("th >> text=客户名称")
    expect(page).to_have_url(re.compile("sort=customer_name"))
    expect(page.locator('th[aria-sort="ascending"]')).to_contain_text("客户名称")
    top = page.locator("tbody tr td.code").nth(1)
    first = top.inner_text()
    page.click("text=下一页")
    expect(page).to_have_url(re.compile("after="))
    assert top.inner_text() != first
    page.click("text=第一页")
    assert top.inner_text() == first
    page.click(".chips >> text=在架")
    expect(page.locator('.chip[aria-current="true"]')).to_have_text("在架")
    page.click(".chips >> text=位置不明")
    expect(page.locator(".empty")).to_contain_text("没有处于此状态的档案盒")


def test_export_holds_what_the_list_shows(log_in: LogIn, centre: Centre) -> None:
    page = log_in()
    box = centre.plan.boxes[9]
    page.goto(f"/boxes?q={box.customer_no}")
    with page.expect_download() as download:
        page.click("text=导出 CSV")
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "档案盒,客户名称,客户编号,盒号,状态,架位或持有人,起始时间"
    assert len(lines) == page.locator("tbody tr").count() + 1
    assert any(box.code in line and box.customer_name in line for line in lines[1:])


def test_what_a_role_may_not_see_isnt_offered(log_in: LogIn) -> None:
    admin = log_in("admin")
    expect(admin.locator(".side a")).to_have_text(["首页", "库房图", "网关", "工作日历", "人员", "消息", "审计日志"])
    expect(admin.locator(".top-search")).to_have_count(0)
    admin.goto("/rooms/r01?bank=A&column=7&face=A")
    expect(admin.locator("#panel")).to_contain_text("仅供该室档案管理员查看")
    archivist = log_in("lihui")
    archivist.goto("/people")
    expect(archivist.locator("h1")).to_have_text("无权操作")
    for part in ("发生了什么", "哪些没有受影响", "请这样做"):
        expect(archivist.get_by_role("heading", name=part)).to_be_visible()


def test_a_person_is_added_and_chooses_their_own_password(
    log_in: LogIn, new_context: NewContext, centre: Centre
) -> None:
    admin = log_in("admin")
    admin.goto("/people/new")
    admin.fill("#login", "Z")
    admin.click("text=添加此人")
    summary = admin.get_by_role("alert")
    expect(summary.locator("li")).to_have_count(2)
    expect(admin.locator("#login")).to_have_value("Z")
    expect(admin.locator("#login")).to_have_attribute("aria-invalid", "true")
    admin.fill("#name", "周敏")
    admin.fill("#login", "zhoumin")
    admin.select_option("#role", "archivist")
    admin.click("text=添加此人")
    expect(admin.locator("tbody, .secret")).to_contain_text("zhoumin")
    once = admin.locator(".secret dd").nth(1).inner_text()
    page = new_context().new_page()
    page.goto("/boxes")
    page.fill("#login", "zhoumin")
    page.fill("#password", once)
    page.click("form button.is-primary")
    expect(page.locator("h1")).to_have_text("修改我的密码")
    page.goto("/boxes")
    expect(page).to_have_url(f"{centre.url}/me/password")
    for field, text in (("#old", once), ("#new", "paper-and-string-2026"), ("#again", "paper-and-string-2025")):
        page.fill(field, text)
    page.click("text=修改密码")
    expect(page.get_by_role("alert")).to_contain_text("两次输入的新密码须一致")
    for field, text in (("#old", once), ("#new", "paper-and-string-2026"), ("#again", "paper-and-string-2026")):
        page.fill(field, text)
    page.click("text=修改密码")
    expect(page.locator("h1")).to_have_text("您好，周敏")
    page.goto("/boxes")
    expect(page.locator("h1")).to_have_text("档案盒")


def test_a_role_is_given_and_withdrawn_with_a_reason(log_in: LogIn, centre: Centre) -> None:
    admin = log_in("admin")
    admin.goto("/people?q=zhaogong")
    admin.click("tbody a.opens")
    admin.click("text=授予角色")
    admin.click("form.form button.is-primary")
    expect(admin.get_by_role("alert")).to_contain_text("请选择角色")
    admin.select_option("#role", "handler")
    admin.fill("#until_day", "2026-12-31")
    admin.click("form.form button.is-primary")
    expect(admin.get_by_role("alert")).to_contain_text("该角色不能用于此范围")
    expect(admin.locator("#until_day")).to_have_value("2026-12-31")
    admin.select_option("#role", "archivist")
    admin.select_option("#scope", "room:r01")
    admin.fill("#until_day", "2199-12-30")
    admin.click("form.form button.is-primary")
    expect(admin.get_by_role("status")).to_contain_text("角色已授予")
    row = admin.locator("tr", has_text="档案管理员")
    expect(row).to_contain_text("2199-12-30")
    row.get_by_role("link", name="撤销").click()
    admin.click("form.form button.is-danger")
    expect(admin.get_by_role("alert")).to_contain_text("请写明原因")
    admin.fill("#why", "借调结束")
    admin.click("form.form button.is-danger")
    expect(admin.get_by_role("status")).to_contain_text("角色已撤销")
    admin.goto("/audit?act=role_withdrawn")
    expect(admin.locator("tbody tr").first).to_contain_text("借调结束")
    admin.click("tbody a.opens")
    expect(admin.locator("tbody")).to_contain_text("archivist@r01")


def test_a_new_record_book_is_admitted_by_an_admin_who_types_the_room(log_in: LogIn, room_voice: RoomVoice) -> None:
    known, fresh = secrets.token_hex(16), secrets.token_hex(16)
    admin = log_in("admin")

    def ask_for(epoch: str) -> str:
        room_voice.greet(epoch)
        admin.goto("/gateways")
        return admin.locator("main").inner_text()

    wait_for(
        lambda: known[:8] in ask_for(known) or "申请启用新记录簿" in ask_for(known), 20, "the first book to be seen"
    )
    wait_for(lambda: "申请启用新记录簿" in ask_for(fresh), 20, "the new book to be asked for")
    expect(admin.locator(".bell:not(.is-reminders) b")).to_have_text("1")
    archivist = log_in("lihui")
    archivist.goto("/gateways")
    expect(archivist.get_by_role("status")).to_contain_text("由系统管理员准入")
    admin.click("text=查看")
    expect(admin.locator(".facts")).to_contain_text(fresh)
    admin.fill("#number", "r02")
    admin.click("button.is-danger")
    expect(admin.get_by_role("alert")).to_contain_text("编号与该档案室不符")
    admin.fill("#number", "r01")
    admin.click("button.is-danger")
    expect(admin.get_by_role("status")).to_contain_text("新记录簿已准入")
    expect(admin.locator("tbody")).to_contain_text(fresh[:8])
    expect(admin.locator(".bell:not(.is-reminders) b")).to_have_text("0")


def test_first_content_is_measured(log_in: LogIn, record_property: Callable[[str, object], None]) -> None:
    page = log_in()
    for address in ("/", "/boxes", "/rooms/r01", "/gateways"):
        taken = []
        for _ in range(3):
            page.goto(address)
            taken.append(page.evaluate(FIRST_CONTENT))
        record_property(f"first_content_ms {address}", round(statistics.median(taken)))
        print(f"first content of {address}: {statistics.median(taken):.0f} ms")  # noqa: T201 - a figure to read
        assert statistics.median(taken) > 0
