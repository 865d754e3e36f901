/** The serie we answer as: the one Odoo release that speaks all protocol families clients know. Ours is in `erp4 --version`. */
const serie = '19.0'
const info = [19, 0, 0, 'final', 0, ''] as const

export const versionInfo = { server_version: serie, server_version_info: info, server_serie: serie, protocol_version: 1 } as const
export const shortVersion = { version_info: info, version: serie } as const
