import { iso31662 } from 'iso-3166'
import type { Names } from './names.ts'

export interface Subdivision {
  /** The country's ISO 3166-1 alpha-2 code. */
  readonly country: string
  /** The ISO 3166-2 code without its country: `CA` for US-CA, as integrations expect of res.country.state. */
  readonly code: string
  readonly names: Names
}

/** Korea's provinces and cities as they are written on letters; ISO has the full official names in Latin script only. */
const korean: Readonly<Record<string, Names>> = {
  'KR-11': { en_US: 'Seoul', ko_KR: '서울특별시' },
  'KR-26': { en_US: 'Busan', ko_KR: '부산광역시' },
  'KR-27': { en_US: 'Daegu', ko_KR: '대구광역시' },
  'KR-28': { en_US: 'Incheon', ko_KR: '인천광역시' },
  'KR-29': { en_US: 'Gwangju', ko_KR: '광주광역시' },
  'KR-30': { en_US: 'Daejeon', ko_KR: '대전광역시' },
  'KR-31': { en_US: 'Ulsan', ko_KR: '울산광역시' },
  'KR-41': { en_US: 'Gyeonggi-do', ko_KR: '경기도' },
  'KR-42': { en_US: 'Gangwon-do', ko_KR: '강원특별자치도' },
  'KR-43': { en_US: 'Chungcheongbuk-do', ko_KR: '충청북도' },
  'KR-44': { en_US: 'Chungcheongnam-do', ko_KR: '충청남도' },
  'KR-45': { en_US: 'Jeonbuk-do', ko_KR: '전북특별자치도' },
  'KR-46': { en_US: 'Jeollanam-do', ko_KR: '전라남도' },
  'KR-47': { en_US: 'Gyeongsangbuk-do', ko_KR: '경상북도' },
  'KR-48': { en_US: 'Gyeongsangnam-do', ko_KR: '경상남도' },
  'KR-49': { en_US: 'Jeju-do', ko_KR: '제주특별자치도' },
  'KR-50': { en_US: 'Sejong', ko_KR: '세종특별자치시' },
}

/**
 * Everything ISO 3166-2 lists: first what lies directly under a country (US states, Korean provinces, French regions), then
 * what lies under those (Italian provinces, French departments). Addresses use either, and codes are unique in a country.
 */
export const listSubdivisions = (): Subdivision[] =>
  iso31662
    .toSorted((a, b) => a.parent.length - b.parent.length || compare(a.code, b.code))
    .map(({ code, name }) => ({
      country: code.slice(0, 2),
      code: code.slice(3),
      names: korean[code] ?? { en_US: name, ko_KR: name },
    }))

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
