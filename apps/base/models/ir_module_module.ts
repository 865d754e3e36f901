import { type ModelFields, boolean, char, model, selection, text } from '@erp4/orm'

/** The apps of this instance. Installing and upgrading is `erp4 instance install|upgrade`, not a write here. */
export const ir_module_module = model('ir.module.module', {
  label: 'App',
  order: 'application desc, name',
  unique: [['name']],
  audit: false,
  fields: {
    name: char({ label: 'Technical Name', required: true }),
    shortdesc: char({ label: 'App Name', translate: true }),
    display_name: char({ related: 'shortdesc' }),
    summary: char({ translate: true }),
    description: text({ translate: true }),
    author: char(),
    latest_version: char({ label: 'Installed Version' }),
    application: boolean(),
    state: selection(
      {
        uninstallable: 'Uninstallable',
        uninstalled: 'Not Installed',
        installed: 'Installed',
        'to upgrade': 'To be upgraded',
        'to remove': 'To be removed',
        'to install': 'To be installed',
      },
      { label: 'Status', default: 'uninstalled' },
    ),
  },
})

declare module '@erp4/orm/models' {
  interface Models {
    'ir.module.module': IrModuleModule
  }
  interface IrModuleModule extends ModelFields<typeof ir_module_module> {}
}
