import type { FC } from 'react'
import type { IconName } from '@erp4/orm/views-types'
import {
  IconAddressBook,
  IconBox,
  IconBuilding,
  IconCheck,
  IconFile,
  IconFileInvoice,
  IconKey,
  IconMail,
  IconPackage,
  IconPhone,
  IconReceipt,
  IconReceiptRefund,
  IconSettings,
  IconShoppingCart,
  IconStack,
  IconUsers,
  IconVersions,
} from './icons.ts'

type Icon = FC<{ size?: number | string; stroke?: number | string }>

/** What a menu or a link may give as its icon. */
const icons: Readonly<Record<IconName, Icon>> = {
  box: IconBox,
  building: IconBuilding,
  check: IconCheck,
  contacts: IconAddressBook,
  file: IconFile,
  'file-invoice': IconFileInvoice,
  key: IconKey,
  mail: IconMail,
  package: IconPackage,
  phone: IconPhone,
  receipt: IconReceipt,
  'receipt-refund': IconReceiptRefund,
  settings: IconSettings,
  'shopping-cart': IconShoppingCart,
  users: IconUsers,
  versions: IconVersions,
}

export const iconNamed = (name: IconName | undefined): Icon => (name && icons[name]) ?? IconStack
