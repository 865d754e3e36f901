import { base } from '@erp4/base'
import { type Env, day } from '@erp4/orm'
import { conforms } from '@erp4/testing'
import { listCountries } from './data/countries.ts'

const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ']
const taken = new Set(listCountries().map((country) => country.code))
const freeCodes = letters.flatMap((first) => letters.map((second) => first + second)).filter((code) => !taken.has(code))

async function dollar(sys: Env<true>): Promise<number> {
  const { ids } = await sys.model('res.currency').search([['name', '=', 'USD']])
  return ids[0]!
}

conforms(base, {
  samples: {
    'res.country': (n) => ({ name: `Country ${n}`, code: freeCodes[n % freeCodes.length] }),
    'res.currency.rate': async (n, sys) => ({ name: day(`${2000 + n}-01-01`), currency_id: await dollar(sys) }),
    'res.partner': (n) => ({ name: `Partner ${n}` }),
    'res.currency': (n) => ({ name: `X${String.fromCharCode(65 + (Math.floor(n / 26) % 26), 65 + (n % 26))}`, symbol: '¤' }),
    // As a migration makes them; people's own are for a few models alone.
    'ir.model.fields': async (n, sys) => {
      const [model] = await sys.model('ir.model').find([['model', '=', 'res.partner']], ['model'])
      return { name: `field_${n}`, model: model!.model, model_id: model!.id, field_description: 'A field', ttype: 'char', state: 'base' }
    },
  },
})
