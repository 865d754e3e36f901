"""OdooRPC as Debian ships it. Arguments: URL DATABASE LOGIN PASSWORD CLERK CLERK_PASSWORD."""

import sys
from urllib.parse import urlsplit

import odoorpc

url, db, login, password, clerk, clerk_password = sys.argv[1:]
where = urlsplit(url)


def connect():
    return odoorpc.ODOO(where.hostname, port=where.port)


def refused(work):
    try:
        answer = work()
    except odoorpc.error.RPCError as error:
        return str(error)
    raise AssertionError(f"answered {answer!r}")


odoo = connect()
assert odoo.version == "19.0"
assert odoo.db.list() == [db]
refused(lambda: connect().login(db, login, "wrong"))
odoo.login(db, login, password)
assert odoo.env.uid > 1 and odoo.env.user.login == login
assert odoo.env.user.company_id.name == "My Company"

partners = odoo.env["res.partner"]
assert "res.partner" in odoo.env and "res.castle" not in odoo.env
spain = odoo.env.ref("base.es")
assert spain.name == "Spain" and spain.code == "ES"
barcelona = odoo.env["res.country.state"].search([("country_id", "=", spain.id), ("code", "=", "B")])

company_id = partners.create({"name": "Telares del Mar", "is_company": True, "country_id": spain.id, "state_id": barcelona[0]})
company = partners.browse(company_id)
assert company.name == "Telares del Mar" and company.country_id == spain and company.phone is False
assert company.child_ids.ids == [] and company.create_date.year > 2000

# Fields are written as attributes, each in a call of its own; lists take records in and out with += and -=.
company.city = "Barcelona"
company.child_ids = [(0, 0, {"name": "Nuria"}), (0, 0, {"name": "Pau", "function": "Weaver"})]
company = partners.browse(company_id)
assert sorted(child.name for child in company.child_ids) == ["Nuria", "Pau"]
assert {child.city for child in company.child_ids} == {"Barcelona"}
tags = odoo.env["res.partner.category"]
linen, wool = tags.create({"name": "Linen"}), tags.create({"name": "Wool"})
company.category_id += tags.browse(linen)
company.category_id += wool
assert sorted(partners.browse(company_id).category_id.ids) == sorted([linen, wool])
company = partners.browse(company_id)
company.category_id -= linen
assert partners.browse(company_id).category_id.ids == [wool]
pau = partners.browse(partners.search([("name", "=", "Pau"), ("parent_id", "=", company_id)]))
assert pau.parent_id == company and pau.parent_id.country_id.code == "ES"
pau.parent_id = False
assert partners.browse(pau.id).parent_id.id is None or not partners.browse(pau.id).parent_id
pau.write({"parent_id": company_id})

# A record that is not there yet is filled with the defaults of all fields.
blank = partners.browse([])
assert blank.active is True and blank.type == "contact" and blank.name is False

assert partners.with_context(lang="ko_KR").env.lang == "ko_KR"
assert odoo.env["res.country"].with_context(lang="ko_KR").browse(spain.id).name == "스페인"
company.active = False
assert partners.search([("name", "=", "Telares del Mar")]) == []
assert partners.with_context(active_test=False).search([("name", "=", "Telares del Mar")]) == [company_id]
company.active = True
twins = partners.copy([company_id], {"name": "Telares del Norte"})
assert partners.browse(twins[0]).city == "Barcelona"
assert odoo.execute("res.partner", "search_count", [("id", "child_of", company_id)]) == 3
assert odoo.execute_kw("res.partner", "read", [[company_id]], {"fields": ["city"]}) == [{"id": company_id, "city": "Barcelona"}]

assert "shoe_size" in refused(lambda: odoo.execute("res.partner", "write", [company_id], {"shoe_size": 43}))
refused(lambda: odoo.execute("res.castle", "search", []))
other = connect()
other.login(db, clerk, clerk_password)
assert other.env["res.partner"].browse(company_id).name == "Telares del Mar"
refused(lambda: other.execute("res.partner", "write", [company_id], {"name": "Changed"}))
refused(lambda: other.env["ir.config_parameter"].search([]))
assert partners.browse(company_id).name == "Telares del Mar"

partners.browse(twins).unlink()
partners.unlink(partners.search([("parent_id", "=", company_id)]) + [company_id])
tags.unlink([linen, wool])
assert partners.search([("name", "=like", "Telares%")]) == []
odoo.logout()
print("ok")
