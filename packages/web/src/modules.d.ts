declare module '*.css'
declare module '@tabler/icons-react/dist/esm/icons/*.mjs' {
  const Icon: import('react').FC<{
    size?: number | string
    stroke?: number | string
    className?: string
    'aria-hidden'?: boolean | 'true' | 'false'
  }>
  export default Icon
}
