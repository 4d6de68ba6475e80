"""What somebody could type so that a page is set otherwise than it was meant, were it taken for markup."""

HOSTILE = (
    "#evil[x] *b* _i_", '#read("/etc/passwd")', "$x^2$ and $", "@ref <label> https://example.org", "a \\ b \\u{41}", "``` `raw` ```",
    "= no heading", "- no list", "/ no: term", "// no comment", "/* no comment */", "~ -- --- ...", "\"quoted\" 'so'", "{{ 7 * 7 }} {% x %}",
    "]]] })", '","x":"', "100 % (50 %)", "&lt;b&gt; <b>", "#import \"@preview/x:1.0.0\"",
)  # fmt: skip
