import '@mantine/core/styles.layer.css'
import '@mantine/notifications/styles.layer.css'
import './app.css'
import { MantineProvider, mergeThemeOverrides } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { QueryClientProvider } from '@tanstack/react-query'
import { setNonce } from 'get-nonce'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { dropOldDrafts } from './data/drafts.ts'
import { queries } from './data/views.ts'
import { TextsProvider, loadTexts } from './i18n/index.ts'
import { App } from './shell/App.tsx'
import { nonce, start } from './start.ts'
import { guardMarkup } from './trusted.ts'
import { theme, variables } from './ui/theme.ts'

guardMarkup()
dropOldDrafts()
// The scroll lock of dialogues makes a style element of its own.
setNonce(nonce)

const texts = await loadTexts(start.session.user_context.lang)

// The cross of a notice has a name, in the user's language.
const named = mergeThemeOverrides(theme, {
  components: { Notification: { defaultProps: { closeButtonProps: { 'aria-label': texts.close } } } },
})

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <MantineProvider
      theme={named}
      cssVariablesResolver={variables}
      defaultColorScheme="auto"
      getStyleNonce={() => nonce}
      deduplicateCssVariables
    >
      <QueryClientProvider client={queries}>
        <TextsProvider value={texts}>
          <Notifications position="bottom-right" />
          <App />
        </TextsProvider>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
)
