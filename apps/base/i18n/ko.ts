export const korean: Readonly<Record<string, string>> = {}
