// Here and not in `ui/icons.ts`: they come with the editor.
export { default as IconBold } from '@tabler/icons-react/dist/esm/icons/IconBold.mjs'
export { default as IconItalic } from '@tabler/icons-react/dist/esm/icons/IconItalic.mjs'
export { default as IconLink } from '@tabler/icons-react/dist/esm/icons/IconLink.mjs'
export { default as IconList } from '@tabler/icons-react/dist/esm/icons/IconList.mjs'
export { default as IconListNumbers } from '@tabler/icons-react/dist/esm/icons/IconListNumbers.mjs'
