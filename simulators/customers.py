"""Invented customers of a power company: companies and persons with customer numbers. No real party is meant."""

from __future__ import annotations

import random
from dataclasses import dataclass

_TOWNS = ("锦江", "青羊", "双流", "温江", "郫都", "新津", "龙泉", "彭州", "崇州", "邛崃", "蒲江", "大邑")
_COINED = (
    "恒晟源", "瑞禾嘉", "鼎沐川", "启程远", "云栖谷", "金穗丰", "泽润邦", "蓝屿天", "松柏郡", "锐拓方",
    "惠诚达", "川岭新", "宏桥盛", "安禾里", "明溪水", "百川汇", "朗星辉", "茂林茂", "盛禹通", "元和顺",
)  # fmt: skip
_TRADES = (
    "机械制造有限公司", "食品有限公司", "物流有限公司", "建材有限责任公司", "纺织有限公司", "医疗器械有限公司",
    "商贸有限公司", "电子科技有限公司", "印务有限公司", "种植专业合作社", "酒店管理有限公司", "冷链仓储有限公司",
)  # fmt: skip
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜"
_GIVEN = (
    "建国", "秀英", "志强", "桂兰", "晓东", "丽华", "俊杰", "雪梅", "文博", "海燕", "国栋", "玉珍",
    "思远", "春燕", "德明", "婉清", "立新", "雅琴", "永康", "佳怡", "振华", "淑芬", "浩然", "若溪",
)  # fmt: skip
_BUSINESS = ("高压新装", "高压增容", "低压非居民新装", "低压居民新装", "分布式光伏并网", "暂停恢复", "过户", "合同续签")


@dataclass(frozen=True)
class Customer:
    """Somebody who has an electricity meter."""

    number: str
    name: str
    title: str  # of the box that holds the dossier


def invent_customers(count: int, seed: int = 0) -> list[Customer]:
    """Return so many customers; numbers are unique, names nearly so."""
    dice = random.Random(seed)  # noqa: S311 - invented people are no secret
    numbers = dice.sample(range(51_0100_0000, 51_0199_9999), count)
    return [_invent(dice, f"{number:010d}") for number in numbers]


def _invent(dice: random.Random, number: str) -> Customer:
    if dice.random() < 0.6:
        name = f"成都{dice.choice(_TOWNS)}{dice.choice(_COINED)}{dice.choice(_TRADES)}"
    else:
        name = dice.choice(_SURNAMES) + dice.choice(_GIVEN)
    return Customer(number, name, f"{name} {dice.choice(_BUSINESS)}档案")
