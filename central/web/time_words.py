"""Words of reminders, messages and deliveries."""

from __future__ import annotations

from central.domain.messages import Channel, DeliveryState
from central.domain.reminders import ReminderKind
from central.domain.sweeps import UrgeKind
from central.domain.wording import N_
from central.web.words import Word

#: (title, what it is and how it goes away)
REMINDERS = {
    ReminderKind.TO_ADD: (N_("Papers to add"), N_("A step is done; its required papers are to be scanned.")),
    ReminderKind.TO_SEND: (N_("Papers to send"), N_("Scanned papers are to be checked and sent to the collector.")),
    ReminderKind.TO_TRANSFER: (
        N_("Papers to transfer"),
        N_("Passed in review; the paper itself is to go to the archive room and be accepted there."),
    ),
    ReminderKind.TO_SHELVE: (N_("Boxes to shelve"), N_("Boxes that were never scanned into a place.")),
    ReminderKind.CONTRACT: (
        N_("Contracts that end soon"),
        N_("They end soon, by the days of the rules of time, until they are renewed or closed."),
    ),
    ReminderKind.LIMIT: (N_("Time limits"), N_("The running step is close to the end of its limit or past it.")),
}
BANDS = {
    "normal": Word("normal", "clock", N_("in time")),
    "warning": Word("warning", "clock", N_("due soon")),
    "overdue": Word("stop", "attention", N_("overdue")),
}
CHANNELS = {
    Channel.MAIL: N_("Mail"),
    Channel.WEBHOOK: N_("Webhook of this house"),
    Channel.WECOM: N_("WeCom"),
    Channel.DINGTALK: N_("DingTalk"),
    Channel.FEISHU: N_("Feishu"),
}
CHOICES = {
    UrgeKind.SEND: N_("Papers of a step not scanned and sent"),
    UrgeKind.SCAN: N_("A paper not scanned"),
    UrgeKind.LIMIT: N_("Time limit of a step"),
    UrgeKind.CONTRACT: N_("End of a contract"),
}
DELIVERY_STATES = {
    DeliveryState.QUEUED: Word("moving", "clock", N_("waits to go out")),
    DeliveryState.SENT: Word("normal", "done", N_("handed over")),
    DeliveryState.DEAD: Word("stop", "fault", N_("given up")),
    DeliveryState.STOPPED: Word("offline", "no", N_("no longer needed")),
}
CALLBACK_STATES = {
    "queued": Word("moving", "clock", N_("waits to go out")),
    "sent": Word("normal", "done", N_("taken by the marketing system")),
    "dead": Word("stop", "fault", N_("given up")),
}
TIME_NOTES = {
    "channels": Word("normal", "done", N_("Your choice is saved.")),
    "read": Word("normal", "done", N_("Your messages are marked as read.")),
    "again": Word("normal", "done", N_("The message goes out again.")),
    "callback_again": Word("normal", "done", N_("The callback goes out again.")),
}
