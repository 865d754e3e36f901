/** Those of `versions` that come after `from` and not after `to`, in order: the steps of code between two versions of an app. Empty for a new app. */
export function versionsBetween(versions: readonly string[], { from, to }: { from: string | null; to: string }): string[] {
  if (from === null) return []
  return versions.filter((version) => compare(version, from) > 0 && compare(version, to) <= 0).toSorted(compare)
}

/** By numbers: 1.10 comes after 1.9, and 1.0 is 1. */
function compare(a: string, b: string): number {
  const [left, right] = [a.split('.').map(Number), b.split('.').map(Number)]
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
