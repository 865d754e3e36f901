import { type CSSVariablesResolver, createTheme } from '@mantine/core'

/** Our green, from paper to ink; the sign-in page has the same. */
const pine = ['#e7f1ed', '#cfe3dc', '#a6cdbf', '#7cb9a5', '#57a58d', '#338c73', '#1b7a61', '#0f6b57', '#0b5646', '#074336'] as const

export const theme = createTheme({
  primaryColor: 'pine',
  colors: { pine: [...pine] },
  primaryShade: { light: 7, dark: 3 },
  autoContrast: true,
  defaultRadius: 'sm',
  fontFamily:
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'Apple SD Gothic Neo', 'Malgun Gothic', 'Noto Sans CJK KR', 'Noto Sans KR', sans-serif",
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.125rem' },
  headings: { fontWeight: '600' },
  cursorType: 'pointer',
  respectReducedMotion: true,
  // Said, so that style rules can find it: what is a default is not written into the page.
  components: { Button: { defaultProps: { variant: 'filled' } } },
})

/** Greys with enough contrast for text (4.5:1) and edges of controls (3:1) on both grounds. */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#ffffff',
    '--mantine-color-text': '#1d2421',
    '--mantine-color-dimmed': '#5a6661',
    '--mantine-color-placeholder': '#68736e',
    '--mantine-color-default-border': '#c3cbc6',
    '--mantine-color-error': '#9c2b22',
    '--ground': '#f4f6f4',
    '--panel': '#ffffff',
    '--line': '#e1e6e2',
    '--edge': '#84908a',
    '--soft': '#5a6661',
    '--field': '#f8faf8',
    '--hover': '#f1f5f2',
    '--chosen': '#e3f0ea',
    '--accent': '#0f6b57',
    '--accent-wash': '#e7f1ed',
    '--note': '#7a5200',
    '--note-wash': '#fbf1dc',
    '--bad': '#9c2b22',
    '--bad-wash': '#fbecea',
  },
  dark: {
    '--mantine-color-body': '#1a201e',
    '--mantine-color-text': '#e8edea',
    '--mantine-color-dimmed': '#a3afa9',
    '--mantine-color-placeholder': '#8f9c96',
    // What lies over the page (menus, popovers) and the edges in it: of the same ground as the rest.
    '--mantine-color-dark-4': '#3a4541',
    '--mantine-color-dark-5': '#2a3330',
    '--mantine-color-dark-6': '#212826',
    '--mantine-color-dark-7': '#1a201e',
    '--mantine-color-default': '#212826',
    '--mantine-color-default-hover': '#2a3330',
    '--mantine-color-default-border': '#46524d',
    '--mantine-color-error': '#f3a59d',
    '--mantine-color-anchor': '#7cd3ba',
    '--mantine-primary-color-filled': '#6fcfb4',
    '--mantine-primary-color-filled-hover': '#8bdcc5',
    '--mantine-primary-color-contrast': '#0c211b',
    '--ground': '#131716',
    '--panel': '#1a201e',
    '--line': '#2b3330',
    '--edge': '#78857f',
    '--soft': '#a3afa9',
    '--field': '#1e2523',
    '--hover': '#212826',
    '--chosen': '#1f352e',
    '--accent': '#7cd3ba',
    '--accent-wash': '#20342e',
    '--note': '#efc878',
    '--note-wash': '#362c19',
    '--bad': '#f3a59d',
    '--bad-wash': '#3a2422',
  },
})
