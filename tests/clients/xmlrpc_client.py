"""Python's own xmlrpc.client, as the published examples use it. Arguments: URL DATABASE LOGIN PASSWORD CLERK CLERK_PASSWORD."""

import sys
import xmlrpc.client

url, db, login, password, clerk, clerk_password = sys.argv[1:]
common = xmlrpc.client.ServerProxy(url + "/xmlrpc/2/common")
models = xmlrpc.client.ServerProxy(url + "/xmlrpc/2/object")

assert common.version()["server_serie"] == "19.0"
assert common.authenticate(db, login, "wrong", {}) is False
uid = common.authenticate(db, login, password, {})
assert common.login(db, login, password) == uid > 1


def call(model, method, *args, **kwargs):
    return models.execute_kw(db, uid, password, model, method, list(args), kwargs)


def fault(code, work):
    try:
        answer = work()
    except xmlrpc.client.Fault as error:
        assert error.faultCode == code, error
        for leak in ("Traceback", "/packages/", "select ", "node:"):
            assert leak not in error.faultString, error.faultString
        return error.faultString
    raise AssertionError(f"answered {answer!r} instead of fault {code}")


austria = call("res.country", "search", [["code", "=", "AT"]])
[vienna] = call("res.country.state", "search", [["country_id", "in", austria], ["name", "ilike", "wien"]])
company = call("res.partner", "create", {
    "name": "Donau Möbel", "is_company": True, "city": "Wien", "zip": "1020",
    "country_id": austria[0], "state_id": vienna,
    "child_ids": [(0, 0, {"name": "Resi"}), (0, 0, {"name": "Poldi <&> 'Söhne'"})],
    "category_id": [(0, 0, {"name": "Joiners"})],
})
assert isinstance(company, int)

# Nothing may come as null: this client would refuse the whole answer. All fields of all records are read once.
everything = call("res.partner", "read", call("res.partner", "search", []))
assert len(everything) == call("res.partner", "search_count", []) > 50
[mine] = [row for row in everything if row["id"] == company]
assert mine["country_id"] == [austria[0], "Austria"] and mine["phone"] is False and len(mine["child_ids"]) == 2
for model in ("res.users", "res.company", "res.currency", "res.lang", "res.groups", "ir.model"):
    assert call(model, "search_read", [], limit=40), model
names = [row["model"] for row in call("ir.model", "search_read", [["transient", "=", False]], fields=["model"])]
readable = [name for name in names if call(name, "check_access_rights", "read", False)]
assert "res.partner" in readable and "ir.config_parameter" not in readable
for name in readable:
    assert "id" in call(name, "fields_get"), name

people = call("res.partner", "search_read", [("parent_id", "=", company)], ["name", "city"], order="name")
assert [(row["name"], row["city"]) for row in people] == [("Poldi <&> 'Söhne'", "Wien"), ("Resi", "Wien")]
assert call("res.partner", "search", ["|", ("id", "=", company), ("parent_id", "=", company)], 0, 2, "id desc") == sorted(
    mine["child_ids"], reverse=True)
assert models.execute(db, uid, password, "res.partner", "search_count", [("parent_id", "child_of", company)]) == 3
assert models.execute(db, uid, password, "res.partner", "write", company, {"ref": "A-1"}) is True
assert models.execute(db, uid, password, "res.partner", "read", [company], ["ref"]) == [{"id": company, "ref": "A-1"}]
assert call("res.partner", "name_search", "Donau", [], "ilike", 1) == [[company, "Donau Möbel"]]
assert call("res.country", "read", austria, ["name"], context={"lang": "ko_KR"})[0]["name"] == "오스트리아"

# Methods that answer nothing must not answer null either.
assert call("res.partner", "action_archive", [company]) is not None
assert call("res.partner", "search", [["id", "=", company]]) == []
assert call("res.partner", "search", [["id", "=", company]], context={"active_test": False}) == [company]
call("res.partner", "action_unarchive", [company])
[twin] = call("res.partner", "copy", [company], {"name": "Donau Möbel II"})
assert call("res.partner", "read", [twin], ["name", "city"]) == [{"id": twin, "name": "Donau Möbel II", "city": "Wien"}]

fault(3, lambda: models.execute_kw(db, uid, "wrong", "res.partner", "search", [[]]))
fault(2, lambda: models.execute_kw(db, uid, password, "res.castle", "search", [[]]))
assert "shoe_size" in fault(1, lambda: call("res.partner", "write", [company], {"shoe_size": 43, "name": "Changed"}))
assert "walk_away" in fault(1, lambda: call("res.partner", "walk_away", [company]))
fault(2, lambda: call("res.partner", "create", {"type": "contact"}))
clerk_uid = common.authenticate(db, clerk, clerk_password, {})
fault(4, lambda: models.execute_kw(db, clerk_uid, clerk_password, "res.partner", "write", [[company], {"name": "Changed"}]))
fault(4, lambda: models.execute_kw(db, clerk_uid, clerk_password, "res.partner", "unlink", [[company]]))
assert call("res.partner", "read", [company], ["name"])[0]["name"] == "Donau Möbel"

assert call("res.partner", "unlink", mine["child_ids"] + [company, twin]) is True
call("res.partner.category", "unlink", mine["category_id"])
assert call("res.partner", "search_count", [["name", "ilike", "donau möbel"]], context={"active_test": False}) == 0
print("ok")
