"""The texts that a new agency is offered for its pages: plain Markdown that says what this portal does, nothing more.

They are a start, not legal advice: the agency reads them, changes them and publishes them under its own name.
Each body has the places ``{agency}`` and ``{phone}``.  The English ones stand here, the others in ``locales/*/pages``.
"""

from __future__ import annotations

import re

from domain import texts
from domain.rules import N_

# Sources are wrapped; whoever changes a text in a box wants a paragraph, or an item of a list, on one line.
_WRAPPED = re.compile(r"(?<!\n)\n *(?!\n|[-#] |\d+\. |\Z)")

EMERGENCY_LINE = N_("This portal is not for emergencies. If you or someone else is in danger now, call 112, 911 or 999.")

_PRIVACY = """\
This page tells you what {agency} keeps about you in this portal, who can see it, and what you can ask us to do.

## What we keep here

- Your name, the name you like to be called, your pronouns and your date of birth.
- How to reach you: e-mail addresses, phone numbers, your address, and whom to call in an emergency.
- Whether you allow us to write to you by e-mail.
- A record of what happens with your account: when you sign in, from which internet address, and what is changed.
- Which of our pages you said yes to, and when.

Your password is stored in a scrambled form. Nobody here can read it.

## Who can see it

- You can.
- Our staff can see what they need for their work with you.
- When a member of staff opens your record, the portal writes that down.

We do not sell what we know about you. We do not use it for advertising.

## E-mail

E-mail is not as private as this portal. That is why our e-mails say very little: that something is waiting, and where
to sign in. They do not say which service you use.

## Cookies

This portal uses only cookies that it needs. They keep you signed in. They lead you through the steps when you start or
choose a new password. They remember your phone or computer, so that we can tell you when a new one signs in to your
account, and the language that you chose. There are no cookies of other companies, and nobody follows you from here.

## How long we keep it

We keep your record as long as the law and our work with you ask for it. Ask us if you want to know how long that is.

## What you can ask for

You can ask us what we keep about you. You can ask us to correct it. You can ask us to take it away, where the law lets
us. You can also take back your consent to e-mail at any time. Call {agency} on {phone}.

## When this page changes

When we change this page, we publish the new text here. We keep the text that you said yes to.
"""

_TERMS = """\
These are the rules for using the portal of {agency}.

## Your account is yours alone

- Choose a password that nobody can guess, and keep it to yourself.
- Do not let anybody else use your account, not even family.
- On a phone or computer that others use, too, sign out when you are done.
- If you think that somebody else got in, choose a new password at once and call us on {phone}.

## Not for emergencies

Nobody watches this portal day and night. If you or someone else is in danger, call the emergency number instead.

## Please be careful and kind

- Tell us when your name, phone number or address changes.
- Do not try to see what belongs to other people.
- Do not do things that could harm the portal or the people who use it.

## What we promise

- We look after what you trust us with, as our privacy policy says.
- We try to keep the portal open at all times, but it can be closed for a while, for example for repairs.

## Closing an account

You can stop using the portal whenever you like. Call us on {phone}, and we close your account. We can close or pause an
account when these rules are broken. You still get our help without the portal.

## When these rules change

When we change these rules, we publish the new text here. We keep the text that you said yes to.
"""

_HELP = """\
## How do I start?

We send you an e-mail with a button. It leads to four steps: say yes to our rules, enter your date of birth, choose a
password, and you are in. The button works for some days only. The e-mail says until when.

## The button in the e-mail does not work any more

Press it anyway. The page that opens tells you why, and you can ask for a new e-mail there. Or call us on {phone}.

## My date of birth is not accepted

Check day, month and year. After too many wrong dates the e-mail stops working, so that nobody can guess. Call us on
{phone} and we look at it together.

## I forgot my password

On the sign-in page, choose *I forgot my password*. We send you an e-mail to choose a new one.

## No e-mail comes

- Look in the folder for junk mail.
- Check that you typed the same address that we have.
- Wait ten minutes, then try once more.
- Call us on {phone} if nothing comes.

## Which password is good?

A long one. Four words that have nothing to do with each other are easy to remember and hard to guess. Do not use your
name, and do not use a password that you use elsewhere.

## Who can see what is here?

You, and the staff of {agency} who need it for their work. Our privacy policy says more.
"""

_TECHNICAL = """\
## A page does not open, or looks broken

1. Check that your phone or computer is connected to the internet.
2. Load the page again.
3. Close the browser, open it again and sign in.
4. Try another browser, or another phone or computer.

The portal works in the browsers that are common today. It also works when JavaScript is switched off.

## I was signed out

When you do nothing for some time, the portal signs you out to protect you. Sign in again.

## It says that I tried too often

Wait a few minutes, then try again. This stops people who try to guess passwords.

## Nothing of this helped

Call {agency} on {phone}. It helps us when you can tell us:

- what you wanted to do,
- what you saw instead, word for word,
- at what time it happened,
- which phone or computer you use.

Please never tell us your password. We do not need it, and we will never ask for it.
"""

_CONTACT = """\
You can reach {agency} by phone on {phone}. The address of our main site stands at the bottom of every page.

Nobody reads the answers to the e-mails that this portal sends, unless an e-mail says so. Please call us instead.

In an emergency do not wait for us: call the emergency number.
"""

PAGES: dict[str, str] = {
    "privacy": _PRIVACY,
    "terms": _TERMS,
    "help": _HELP,
    "technical": _TECHNICAL,
    "contact": _CONTACT,
}


def offered(particulars: dict[str, str], language: str = "en") -> dict[str, str]:
    """Each page in a language with the agency's ``name`` and ``phone`` filled in; by slug."""
    agency = particulars.get("name") or texts.say(language, N_("our agency"))
    phone = particulars.get("phone") or texts.say(language, N_("the number at the bottom"))
    fields = {"agency": texts.apart(language, agency), "phone": texts.apart(language, phone)}
    return {slug: body(slug, language).format(**fields) for slug in PAGES}


def body(slug: str, language: str) -> str:
    """The text of a page as it is before anything is filled in; in English where a language has none."""
    path = texts.FOLDER / language / "pages" / f"{slug}.md"
    text = path.read_text(encoding="utf-8") if language in texts.LANGUAGES and path.exists() else PAGES[slug]
    return _WRAPPED.sub(" ", text)
