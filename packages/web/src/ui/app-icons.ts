import type { FC } from 'react'
import {
  IconAddressBook,
  IconBox,
  IconBuilding,
  IconFile,
  IconMail,
  IconReceipt,
  IconSettings,
  IconShoppingCart,
  IconStack,
  IconUsers,
} from './icons.ts'

type Icon = FC<{ size?: number | string; stroke?: number | string }>

/** The names that a menu or a link may give as its icon. */
const icons: Readonly<Record<string, Icon>> = {
  box: IconBox,
  building: IconBuilding,
  contacts: IconAddressBook,
  file: IconFile,
  mail: IconMail,
  receipt: IconReceipt,
  sale: IconShoppingCart,
  settings: IconSettings,
  users: IconUsers,
}

export const iconNamed = (name: string | undefined): Icon => icons[name ?? ''] ?? IconStack
