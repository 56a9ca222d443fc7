"""Values of the formats that the OpenAPI document names: the languages that no pattern describes in full.

They are short lists. The tests of each language go through all of it; and schemathesis looks, among all values there
are and for seconds, for one that is as long as allowed.
"""

from hypothesis import strategies as st

_CONTENT = ["content.a", "content.a.b", "content.is-new", "content.`unit price`", 'content."a.b".ключ']
_FILTERS = [
    "",
    "name = x",
    'name = "*within*" AND path != "collections/*"',
    "id >= a OR id < 'it'",
    "tags:urgent AND NOT tags:*",
    'date >= 2026-01-31 AND (expire_time:* OR update_time < "2026-01-31T12:00:00Z")',
    "delete_time = null OR -(purge_time != null)",
    "version > 1 AND revision <= 9",
    "content.a = 1.5 OR content.a:true OR NOT content.a.b = null",
    'content.`unit price` < 12 AND content."a.b".ключ = "x*"',
]
_ORDERS = ["", "id", "name desc", "date asc, content.a.b desc", "version, content.`unit price`, update_time desc"]
_ETAGS = ['"1-c704a4fc"', '""']

FORMATS: dict[str, st.SearchStrategy[str]] = {
    "filter": st.sampled_from(_FILTERS),
    "order-by": st.sampled_from(_ORDERS),
    "record-update-mask": st.sampled_from(["", "*", "name", "date,tags,content.a", "content.`a, b`.c,expireTime"]),
    "record-read-mask": st.sampled_from(["", "*", "id,etag", "content.a.b,updateTime", 'name,content."a.b"']),
    "collection-update-mask": st.sampled_from(["", "*", "name,description", "requireEtag,retention,indexes"]),
    "index-field": st.sampled_from(["name", "revision", "update_time", *_CONTENT]),
    "transform-field": st.sampled_from(_CONTENT),
    # Only the service knows the current ones, and makes tokens.
    "etag": st.sampled_from(["", *_ETAGS]),
    "etags": st.sampled_from(["*", *_ETAGS, ", ".join(_ETAGS)]),
    "page-token": st.just(""),
    "resume-token": st.just(""),
    "wait": st.sampled_from(["0s", "0.05s"]),
    "int64": st.integers(-(2**63), 2**63 - 1).map(str),
}
"""By the name of the format: values that the service accepts."""
