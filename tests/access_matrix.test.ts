import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { anonymous, administrator, contactManager, employee, portal, userManager } from '@erp4/base'
import { bookManager, bookReader, biller } from '@erp4/account'
import { contacts } from '@erp4/contacts'
import { pricelistManager, productManager } from '@erp4/product'
import { sale, salesManager, salesman, salesmanOfAll } from '@erp4/sale'
import { type Operation, loadExamples, reach } from '@erp4/orm'
import { world } from '@erp4/testing'

// Every model × operation × kind of person, as one table in the repository: a change of rights is a change of a line, seen in review.
// After a change that is meant: UPDATE_MATRIX=1 ./erp4 test tests/access_matrix.test.ts

const file = new URL('./access_matrix.md', import.meta.url)
const operations: readonly Operation[] = ['read', 'name', 'create', 'write', 'unlink']
const letters: Record<Operation, string> = { read: 'R', name: 'N', create: 'C', write: 'W', unlink: 'D' }

const legend = `# Who may do what

Read (R), name (N), create (C), write (W), delete (D), on the example data of the standard apps. A capital letter: every record;
a small one: only those that a rule finds; a small one in brackets: a rule that finds none in the example data; a dot: never.
Made and compared by tests/access_matrix.test.ts.

`

test('the rights of every kind of person are those of the table in the repository', async () => {
  const at = await world([contacts, sale])
  await at.system.call(async (sys) => {
    await loadExamples(sys)
  })
  const elsewhere = await at.company('Elsewhere')
  const people = {
    anonymous: await at.person(anonymous),
    portal: await at.person(portal),
    user: await at.person(employee),
    manager: await at.person(contactManager),
    'user manager': await at.person(userManager),
    administrator: await at.person(administrator),
    products: await at.person(productManager),
    pricelists: await at.person(pricelistManager),
    'book reader': await at.person(bookReader),
    biller: await at.person(biller),
    'book manager': await at.person(bookManager),
    seller: await at.person(salesman),
    'seller of all': await at.person(salesmanOfAll),
    'sales manager': await at.person(salesManager),
    'other company': await at.personOf([elsewhere], contactManager),
    'other company, all rights': await at.personOf([elsewhere], salesManager, bookManager),
  }
  const rows: string[] = [
    `| model | ${Object.keys(people).join(' | ')} |`,
    `| --- | ${Object.keys(people)
      .map(() => '---')
      .join(' | ')} |`,
  ]
  for (const model of [...at.registry.models.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const cells: string[] = []
    for (const person of Object.values(people)) {
      cells.push(
        await person.call(async (env) => {
          let cell = ''
          for (const operation of operations) {
            const { mine, all, rule } = await reach(env, model, operation)
            const letter = letters[operation]
            cell +=
              rule === 'none' ? '·' : rule === 'all' ? letter : all > 0 && mine === 0 ? `(${letter.toLowerCase()})` : letter.toLowerCase()
          }
          return cell
        }),
      )
    }
    rows.push(`| ${model.name} | ${cells.join(' | ')} |`)
  }
  const table = `${legend}${rows.join('\n')}\n`
  if (process.env['UPDATE_MATRIX'] === '1') writeFileSync(file, table)
  assert.equal(table, existsSync(file) ? readFileSync(file, 'utf8') : '')
})
