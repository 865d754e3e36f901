declare module '*.css'
declare module '@tabler/icons-react/dist/esm/icons/*.mjs' {
  import type { FC } from 'react'

  const Icon: FC<{ size?: number | string; stroke?: number | string; className?: string; 'aria-hidden'?: boolean | 'true' | 'false' }>
  export default Icon
}
