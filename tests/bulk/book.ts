/** An address book that nobody owns: invented companies and people in real places, the same at every run. */

interface Town {
  /** ISO 3166: of the country, and of the subdivision within it. */
  readonly country: string
  readonly state: string
  readonly city: string
  /** A real area; `#` stands for digits that differ. */
  readonly zip: string
  readonly streets: readonly string[]
  readonly phone: string
}

const towns: readonly Town[] = [
  { country: 'DE', state: 'BY', city: 'München', zip: '803##', streets: ['Lindwurmstraße', 'Schillerstraße'], phone: '+49 89' },
  { country: 'DE', state: 'HH', city: 'Hamburg', zip: '203##', streets: ['Speicherstraße', 'Am Sandtorkai'], phone: '+49 40' },
  { country: 'DE', state: 'BE', city: 'Berlin', zip: '101##', streets: ['Torstraße', 'Kastanienallee'], phone: '+49 30' },
  { country: 'AT', state: '9', city: 'Wien', zip: '10#0', streets: ['Praterstraße', 'Gumpendorfer Straße'], phone: '+43 1' },
  { country: 'CH', state: 'ZH', city: 'Zürich', zip: '80##', streets: ['Langstrasse', 'Seefeldstrasse'], phone: '+41 44' },
  { country: 'FR', state: '69', city: 'Lyon', zip: '6900#', streets: ['Rue de la République', 'Quai Saint-Antoine'], phone: '+33 4' },
  { country: 'ES', state: 'B', city: 'Barcelona', zip: '080##', streets: ['Carrer de Mallorca', "Passeig de l'Born"], phone: '+34 93' },
  { country: 'IT', state: 'MI', city: 'Milano', zip: '201##', streets: ['Via Torino', 'Corso Garibaldi'], phone: '+39 02' },
  { country: 'PL', state: '14', city: 'Warszawa', zip: '00-###', streets: ['Nowy Świat', 'Złota'], phone: '+48 22' },
  { country: 'US', state: 'CA', city: 'San Francisco', zip: '941##', streets: ['Mission St', 'Valencia St'], phone: '+1 415' },
  { country: 'US', state: 'NY', city: 'New York', zip: '100##', streets: ['Broadway', 'W 23rd St'], phone: '+1 212' },
  { country: 'CA', state: 'QC', city: 'Montréal', zip: 'H2X 1A#', streets: ['Rue Sainte-Catherine', 'Avenue du Parc'], phone: '+1 514' },
  { country: 'BR', state: 'SP', city: 'São Paulo', zip: '010##-000', streets: ['Rua Augusta', 'Avenida Paulista'], phone: '+55 11' },
  { country: 'IN', state: 'KA', city: 'Bengaluru', zip: '5600##', streets: ['MG Road', 'Residency Road'], phone: '+91 80' },
  { country: 'JP', state: '13', city: '渋谷区', zip: '150-00##', streets: ['道玄坂', '神宮前'], phone: '+81 3' },
  { country: 'KR', state: '11', city: '서울', zip: '045##', streets: ['세종대로', '을지로'], phone: '+82 2' },
]

const made = [
  'Amber',
  'Birch',
  'Cobalt',
  'Dune',
  'Ember',
  'Fjord',
  'Granite',
  'Harbour',
  'Indigo',
  'Juniper',
  'Kestrel',
  'Lagoon',
  'Märchen',
  'Núñez',
  "O'Hare",
  'Østerby',
]
const trades = ['Bakery', 'Optics', 'Timber', 'Logistics', 'Textiles', 'Tools', 'Paper', 'Ceramics', 'Software', 'Foods']
const given = ['Ada', 'Bela', 'Chloé', 'Diego', 'Émile', 'Fatima', 'Giulia', 'Hiro', 'Inês', 'Jiho', 'Karol', 'Lívia', '민준', '結衣']
const family = [
  'Abe',
  'Bianchi',
  'Costa',
  'Dubois',
  'Engel',
  'Fischer',
  'García',
  'Hansen',
  'Ito',
  'Jung',
  'Kowalski',
  'Lind',
  '김',
  '佐藤',
]
const jobs = ['Buyer', 'Owner', 'Accountant', 'Head of Sales', 'Warehouse']

export interface Company {
  /** Its external id in the book. */
  readonly key: string
  readonly name: string
  readonly town: Town
  readonly street: string
  readonly zip: string
  readonly phone: string
  readonly email: string
  readonly people: readonly Person[]
}

export interface Person {
  readonly key: string
  readonly name: string
  readonly function: string
  readonly email: string
}

/** `companies` of them, each with one to three people, all names different. */
export function addressBook(companies: number): Company[] {
  return Array.from({ length: companies }, (_, n) => {
    const town = towns[n % towns.length]!
    const word = pick(made, n * 7)
    const trade = pick(trades, Math.floor(n / made.length))
    const key = `company_${String(n).padStart(4, '0')}`
    const domain = `${key.replace('_', '-')}.example`
    return {
      key,
      name: `${word} ${trade} ${n}`,
      town,
      street: `${pick(town.streets, n)} ${1 + ((n * 13) % 180)}`,
      zip: digits(town.zip, n),
      phone: `${town.phone} 555 ${digits('####', n)}`,
      email: `Office <office@${domain}>`,
      people: Array.from({ length: 1 + (n % 3) }, (_none, i) => ({
        key: `${key}_${i}`,
        name: `${pick(given, n * 3 + i)} ${pick(family, n * 5 + i * 2)}`,
        function: pick(jobs, n + i),
        email: `person${i}@${domain}`,
      })),
    }
  })
}

const pick = <T>(list: readonly T[], n: number): T => list[n % list.length]!

/** Puts digits that `n` decides in the place of each `#`. */
const digits = (pattern: string, n: number): string => {
  let rest = (n * 7919 + 104_729) % 1_000_003
  return pattern.replaceAll('#', () => {
    const digit = rest % 10
    rest = Math.floor(rest / 10)
    return String(digit)
  })
}
