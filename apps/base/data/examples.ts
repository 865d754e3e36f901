/** A person in a company of the examples. All names, addresses and numbers are made up; mail domains end in .example (RFC 2606). */
export interface ExamplePerson {
  readonly name: string
  readonly function: string
  readonly phone?: string
}

export interface ExampleCompany {
  /** The external id's name; also the mail domain before `.example`. */
  readonly id: string
  readonly name: string
  readonly country: string
  /** The subdivision's code within the country. */
  readonly state?: string
  readonly street: string
  readonly zip: string
  readonly city: string
  readonly phone: string
  readonly vat?: string
  readonly tags: readonly string[]
  readonly lang: 'en_US' | 'ko_KR'
  readonly people: readonly ExamplePerson[]
  readonly delivery?: { readonly street: string; readonly zip: string; readonly city: string }
}

export interface ExampleTag {
  readonly id: string
  readonly name: string
  readonly color: number
  readonly parent?: string
}

export const exampleTags: readonly ExampleTag[] = [
  { id: 'tag_customer', name: 'Customer', color: 4 },
  { id: 'tag_key_account', name: 'Key Account', color: 3, parent: 'tag_customer' },
  { id: 'tag_prospect', name: 'Prospect', color: 2, parent: 'tag_customer' },
  { id: 'tag_supplier', name: 'Supplier', color: 10 },
  { id: 'tag_carrier', name: 'Carrier', color: 7, parent: 'tag_supplier' },
  { id: 'tag_services', name: 'Services', color: 8, parent: 'tag_supplier' },
  { id: 'tag_press', name: 'Press', color: 6 },
]

export const exampleCompanies: readonly ExampleCompany[] = [
  {
    id: 'narae_electronics', name: '나래전자 주식회사', country: 'KR', state: '41', street: '판교역로 9999', zip: '13529', city: '성남시 분당구', phone: '+82 31 555 0101',
    tags: ['tag_key_account'], lang: 'ko_KR',
    people: [
      { name: '한서윤', function: '구매팀장', phone: '+82 10 5550 0101' },
      { name: '오태민', function: '회계담당' },
    ],
    delivery: { street: '공단로 8888', zip: '15433', city: '안산시 단원구' },
  },
  {
    id: 'dolsan_foods', name: '돌산식품', country: 'KR', state: '26', street: '해운대로 9876', zip: '48060', city: '해운대구', phone: '+82 51 555 0102',
    tags: ['tag_prospect'], lang: 'ko_KR', people: [{ name: '임가온', function: '대표' }],
  },
  {
    id: 'maru_logistics', name: '마루물류', country: 'KR', state: '28', street: '공항대로 7777', zip: '22382', city: '중구', phone: '+82 32 555 0103',
    tags: ['tag_carrier'], lang: 'ko_KR', people: [{ name: '배하람', function: '배차 담당' }],
  },
  {
    id: 'cedar_hollow', name: 'Cedar Hollow Furniture Co.', country: 'US', state: 'OR', street: '4410 Larchmere Avenue', zip: '97299', city: 'Portland', phone: '+1 503 555 0104',
    tags: ['tag_key_account'], lang: 'en_US',
    people: [
      { name: 'Marguerite Ostrander', function: 'Head of Purchasing', phone: '+1 503 555 0114' },
      { name: 'Desmond Pruitt', function: 'Accounts Payable' },
      { name: 'Keiko Amundsen', function: 'Store Manager' },
    ],
    delivery: { street: '19 Dock Street', zip: '97298', city: 'Portland' },
  },
  {
    id: 'blue_mesa', name: 'Blue Mesa Medical Supply', country: 'US', state: 'NM', street: '77 Ocotillo Trail', zip: '87199', city: 'Albuquerque', phone: '+1 505 555 0105',
    tags: ['tag_customer'], lang: 'en_US', people: [{ name: 'Rosalind Tafoya', function: 'Operations Director' }],
  },
  {
    id: 'tidewater_print', name: 'Tidewater Print & Sign', country: 'US', state: 'VA', street: '1206 Bellhaven Road', zip: '23599', city: 'Norfolk', phone: '+1 757 555 0106',
    tags: ['tag_supplier'], lang: 'en_US', people: [{ name: 'Cornelius Whitby', function: 'Sales' }],
  },
  {
    id: 'wacholder_technik', name: 'Wacholder Technik GmbH', country: 'DE', state: 'BY', street: 'Am Erlengrund 14', zip: '80999', city: 'München', phone: '+49 89 5550107',
    tags: ['tag_key_account'], lang: 'en_US',
    people: [
      { name: 'Liesel Brandstätter', function: 'Einkauf' },
      { name: 'Joachim Quandt-Rieder', function: 'Geschäftsführer' },
    ],
  },
  {
    id: 'hafenlicht', name: 'Hafenlicht Spedition KG', country: 'DE', state: 'HH', street: 'Kaiserspeicher 3', zip: '20999', city: 'Hamburg', phone: '+49 40 5550108',
    tags: ['tag_carrier'], lang: 'en_US', people: [{ name: 'Wiebke Thamsen', function: 'Disposition' }],
  },
  {
    id: 'moulin_bleu', name: 'Le Moulin Bleu SARL', country: 'FR', state: '69', street: '8 rue des Tisserands', zip: '69999', city: 'Lyon', phone: '+33 4 55 55 01 09',
    tags: ['tag_customer'], lang: 'en_US', people: [{ name: 'Apolline Verdier', function: 'Gérante' }],
  },
  {
    id: 'officine_serra', name: 'Officine Serra S.r.l.', country: 'IT', state: 'MI', street: 'Via dei Tornitori 27', zip: '20199', city: 'Milano', phone: '+39 02 5550 0110',
    tags: ['tag_supplier'], lang: 'en_US', people: [{ name: 'Ginevra Saltarelli', function: 'Responsabile commerciale' }],
  },
  {
    id: 'enzian_uhren', name: 'Enzian Uhrenteile AG', country: 'CH', state: 'BE', street: 'Juraweg 5', zip: '2599', city: 'Biel/Bienne', phone: '+41 32 555 01 11',
    tags: ['tag_customer'], lang: 'en_US', people: [{ name: 'Reto Zumbrunnen', function: 'Leiter Beschaffung' }],
  },
  {
    id: 'fennel_and_rook', name: 'Fennel & Rook Ltd', country: 'GB', state: 'BST', street: '3 Chandlers Wharf', zip: 'BS1 9ZZ', city: 'Bristol', phone: '+44 117 555 0112',
    tags: ['tag_prospect'], lang: 'en_US', people: [{ name: 'Imogen Hathersage', function: 'Buyer' }],
  },
  {
    id: 'tulpveld', name: 'Tulpveld Groothandel B.V.', country: 'NL', state: 'ZH', street: 'Bollenkade 120', zip: '2199 ZZ', city: 'Lisse', phone: '+31 252 555 013',
    tags: ['tag_customer'], lang: 'en_US', people: [{ name: 'Sanne Overwater', function: 'Inkoop' }],
  },
  {
    id: 'hoshizora', name: 'ほしぞら計器株式会社', country: 'JP', state: '27', street: '北浜東99-9', zip: '540-9999', city: '大阪市中央区', phone: '+81 6 5555 0114',
    tags: ['tag_supplier'], lang: 'en_US', people: [{ name: '星野つばさ', function: '海外営業' }],
  },
  {
    id: 'lion_quay', name: 'Lion Quay Trading Pte. Ltd.', country: 'SG', street: '88 Harbourfront Lane', zip: '099999', city: 'Singapore', phone: '+65 6555 0115',
    tags: ['tag_customer'], lang: 'en_US', people: [{ name: 'Goh Mei Xuan', function: 'Procurement' }],
  },
  {
    id: 'banyan_textiles', name: 'Banyan Textiles Pvt. Ltd.', country: 'IN', state: 'TN', street: '45 Weavers Colony', zip: '641999', city: 'Coimbatore', phone: '+91 422 555 0116',
    tags: ['tag_supplier'], lang: 'en_US', people: [{ name: 'Anjali Venkatakumar', function: 'Exports' }],
  },
  {
    id: 'southern_cross_tools', name: 'Southern Cross Tools Pty Ltd', country: 'AU', state: 'VIC', street: '210 Ironbark Parade', zip: '3999', city: 'Geelong', phone: '+61 3 5550 0117',
    tags: ['tag_customer'], lang: 'en_US', people: [{ name: 'Callum Birrell', function: 'Branch Manager' }],
  },
  {
    id: 'erable_rouge', name: 'Érable Rouge Équipements inc.', country: 'CA', state: 'QC', street: '1500, rue du Portage', zip: 'H2Z 9Z9', city: 'Montréal', phone: '+1 514 555 0118',
    tags: ['tag_prospect'], lang: 'en_US', people: [{ name: 'Maxime Laframboise', function: 'Acheteur' }],
  },
  {
    id: 'ipe_amarelo', name: 'Ipê Amarelo Comércio Ltda.', country: 'BR', state: 'SP', street: 'Rua das Figueiras, 999', zip: '09999-999', city: 'Santo André', phone: '+55 11 5555 0119',
    tags: ['tag_customer'], lang: 'en_US', people: [{ name: 'Thaís Albuquerque Rocha', function: 'Compras' }],
  },
  {
    id: 'agave_azul', name: 'Agave Azul Refacciones S.A. de C.V.', country: 'MX', state: 'JAL', street: 'Av. de los Talleres 450', zip: '44999', city: 'Guadalajara', phone: '+52 33 5555 0120',
    tags: ['tag_customer'], lang: 'en_US', people: [{ name: 'Ximena Barragán', function: 'Gerente de compras' }],
  },
  {
    id: 'morning_ledger', name: 'The Morning Ledger', country: 'IE', state: 'D', street: '12 Printworks Lane', zip: 'D99 ZZ99', city: 'Dublin', phone: '+353 1 555 0121',
    tags: ['tag_press'], lang: 'en_US', people: [{ name: 'Fionnuala Treacy', function: 'Business Editor' }],
  },
  {
    id: 'clearwater_audit', name: 'Clearwater Audit Partners', country: 'US', state: 'MN', street: '600 Lakeline Drive', zip: '55499', city: 'Minneapolis', phone: '+1 612 555 0122',
    tags: ['tag_services'], lang: 'en_US', people: [{ name: 'Bartholomew Nygaard', function: 'Partner' }],
  },
]

/** People who buy for themselves. */
export const examplePeople = [
  { id: 'person_juniper', name: 'Juniper Ellsworth', country: 'US', state: 'CA', street: '9 Poppy Court', zip: '95999', city: 'Sacramento', lang: 'en_US' },
  { id: 'person_dami', name: '노다미', country: 'KR', state: '11', street: '북촌로 999', zip: '03059', city: '종로구', lang: 'ko_KR' },
  { id: 'person_ottoline', name: 'Ottoline Vasari', country: 'IT', state: 'RM', street: 'Vicolo del Fico 1', zip: '00199', city: 'Roma', lang: 'en_US' },
] as const

/** Who works here: none has a password until somebody invites him. */
export const exampleUsers = [
  { id: 'user_ann', login: 'ann', name: 'Ann Haverford', function: 'Sales Manager', group: 'base.group_partner_manager', lang: 'en_US', tz: 'America/New_York' },
  { id: 'user_bob', login: 'bob', name: 'Bob Kestrel', function: 'Salesman', group: 'base.group_user', lang: 'en_US', tz: 'Europe/London' },
  { id: 'user_garam', login: 'garam', name: '윤가람', function: '영업 담당', group: 'base.group_partner_manager', lang: 'ko_KR', tz: 'Asia/Seoul' },
] as const
