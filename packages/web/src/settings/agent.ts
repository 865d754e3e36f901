import type { SettingsTexts } from '../i18n/settings.en.ts'

// The order matters: most browsers call themselves by the names of others, too.
const browsers: readonly (readonly [RegExp, string])[] = [
  [/\bEdgA?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bWhale\//, 'Whale'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:HeadlessChrome|Chrome|CriOS)\//, 'Chrome'],
  [/\bVersion\/[\d.]+.*Safari\//, 'Safari'],
]
const systems: readonly (readonly [RegExp, string])[] = [
  [/\biPad\b/, 'iPad'],
  [/\biPhone\b/, 'iPhone'],
  [/\bAndroid\b/, 'Android'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
]

/** What a browser called itself, as people know it: "Firefox on Windows". Whatever is no browser says its first word. */
export function nameOfAgent(agent: string | false, words: Pick<SettingsTexts, 'browserOn' | 'unknownDevice'>): string {
  const browser = browsers.find(([sign]) => sign.test(agent || ''))?.[1]
  const system = systems.find(([sign]) => sign.test(agent || ''))?.[1]
  if (browser && system) return words.browserOn(browser, system)
  return browser ?? system ?? ((agent || '').split(/[\s/]/)[0]?.slice(0, 40) || words.unknownDevice)
}
