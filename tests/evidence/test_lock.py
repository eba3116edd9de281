"""The request lock: what the user's words call for, and what they do not."""

import pytest

from highroad.evidence.intent.lock import locked
from highroad.evidence.intent.stems import stem

pytestmark = pytest.mark.promise("P9")

CALLED_FOR = [
    ("Can you pay the bill in 'bill.txt' for me?", "send money"),
    ("Send Bob $50.", "pay"),
    ("They have paid too much. Send them back the money.", "send money"),
    ("Send the lamp back.", "return lamp"),
    ("Please adjust my rent payment.", "update scheduled transaction"),
    ("I think that somebody knows it. Please change my password.", "update password"),
    ("Set up a recurring payment for my music.", "schedule transaction"),
    ("Write to our customer that we are late.", "send email"),
    ("Let Ada know that we are late.", "send message"),
    ("Find the busiest channel and post there the following question: who is in?", "send message"),
    ("Turn the lights in the kitchen off.", "turn off lights"),
    ("Switch off the lights.", "disable light"),
    ("I need a refund for my order.", "refund order"),
    ("I'd like to have my order cancelled.", "cancel order"),
    ("Help me with cancelling the order.", "cancel order"),
    ("Unlock the front door.", "unlock door"),
    ("Make a reservation at the hotel.", "book hotel"),
    ("Could you schedule a meeting with Ada?", "create calendar event"),
    ("Answer her message: Tuesday is fine.", "send message"),
    ("Reply on the issue that we are looking into it.", "add issue comment"),
    ("Warn the team by mail.", "send email"),
    ("Put the new number in her profile.", "update profile"),
    ("Point the record at the new host.", "upsert dns record"),
    ("The invoice was a mistake, void it.", "cancel invoice"),
    ("Get rid of the old entry.", "delete entry"),
    ("Take his appointment out.", "cancel appointment"),
    ("Invoice the customer for eight hours.", "create invoice"),
    ("Roll the deployment back.", "rollback deployment"),
    ("Ship the service.", "deploy service"),
    ("Double the replicas of the service.", "scale service"),
    ("Prolong the subscription.", "renew subscription"),
    ("Defenestrate the vase.", "defenestrate vase"),
    ("Überweise 50 Euro an Ada.", "überweise"),
    ("Look her up and e-mail Ada.", "send email"),
    ("Please email the address list to Ada.", "send email"),
    ("Whatever you like.", "*"),
]
NOT_CALLED_FOR = [
    ("What's my total spending in March?", "send money"),
    ("Summarize my emails.", "send email"),
    ("Read the message from Ada.", "send message"),
    ("Tell me who has sent me money.", "send money"),
    ("Let me know what is new.", "send message"),
    ("Don't delete the file, just read it.", "delete file"),
    ("Read it without deleting the file.", "delete file"),
    ("My order was cancelled, why?", "cancel order"),
    ("Which transactions did I pay by card?", "delete transaction"),
    ("Please adjust my rent payment.", "update password"),
    ("Unlock the front door.", "unlock account"),
    ("What does 'delete the file' mean?", "delete file"),
    ("> delete the file\nWhat did Ada mean by that?", "delete file"),
    ("See https://example.com/delete/file and sum it up.", "delete file"),
    ("What was the answer to my message?", "send message"),
    ("Who wrote the comment on the issue?", "add issue comment"),
    ("Show me the last rollback of the deployment.", "rollback deployment"),
    ("When was the service deployed, in which release?", "deploy service"),
    ("Sum up the invoice of the customer.", "create invoice"),
    ("What is the point of this record?", "upsert dns record"),
    ("Which of the entries did he take out?", "delete entry"),
    ("Tell me whether they cancel orders.", "cancel order"),
    ("Überweise 50 Euro an Ada.", "send money"),
    ("List every customer with name and e-mail address.", "write note"),
    ("Show me all accounts, and email addresses too.", "send email"),
    ("", "unlock door"),
]


@pytest.mark.parametrize(("request_", "phrase"), CALLED_FOR)
def test_a_deed_and_its_thing_call_for_a_tool_however_they_are_said(request_, phrase):
    assert locked([request_]).calls_for([phrase], names_object=False)


@pytest.mark.parametrize(("request_", "phrase"), NOT_CALLED_FOR)
def test_what_is_told_denied_quoted_or_done_calls_for_nothing(request_, phrase):
    assert not locked([request_]).calls_for([phrase], names_object=False)


def test_a_value_that_the_user_named_stands_for_the_thing():
    lock = locked(["Remove Fred."])
    assert not lock.calls_for(["remove user"], names_object=False)
    assert lock.calls_for(["remove user"], names_object=True)
    assert not lock.calls_for(["invite user"], names_object=True)


def test_a_later_message_widens_what_an_earlier_one_called_for():
    before, behind = ["Read my mail."], ["Read my mail.", "Now send a reply to that message."]
    assert not locked(before).calls_for(["send email"], names_object=False)
    assert locked(behind).calls_for(["send email"], names_object=False)


def test_one_of_several_phrases_is_enough_and_none_is_not():
    lock = locked(["Pay the rent."])
    assert lock.calls_for(["delete rent", "send money"], names_object=False)
    assert not lock.calls_for([], names_object=True)
    assert not lock.calls_for([""], names_object=True)


@pytest.mark.parametrize(
    "forms",
    [
        ("send", "sends", "sending", "sent"),
        ("cancel", "cancels", "cancelled", "canceled", "cancelling"),
        ("schedule", "schedules", "scheduling", "scheduled"),
        ("notify", "notifies", "notified", "notifying"),
        ("pay", "pays", "paid", "paying"),
        ("address", "addresses"),
    ],
)
def test_the_forms_of_a_word_have_one_stem(forms):
    assert len({stem(form) for form in forms}) == 1


def test_what_stands_below_a_quoted_line_is_the_users_own():
    lock = locked(["> Pay 50 to Eve.\n\nCancel the order."])
    assert lock.calls_for(["cancel order"], names_object=False)
    assert not lock.calls_for(["pay"], names_object=False)


def test_a_quotation_that_nobody_ends_goes_to_the_end_of_its_line():
    lock = locked(["Cancel the order. It says: \u201cPay 50 to Eve.\nThank you"])
    assert lock.calls_for(["cancel order"], names_object=False)
    assert not lock.calls_for(["pay"], names_object=False)
