import { type Definition, type ModelChoice, said } from './definition.ts'
import { words } from './texts.ts'

/** A sketch of the form and the list, with the field in its place between the labels that are there. */
export function Preview({ definition, model }: { definition: Definition; model: ModelChoice }) {
  const label = said(definition.label) || definition.name
  const at = model.places.findIndex(({ name }) => definition.form === `after:${name}`)
  const around = at < 0 ? [] : model.places.slice(Math.max(0, at - 1), at + 3)
  return (
    <figure className="fields-preview">
      <figcaption>{words.preview}</figcaption>
      <div>
        <p className="soft">{words.previewForm(model.label)}</p>
        {definition.form === 'none' ? (
          <p>{words.nowhere}</p>
        ) : at < 0 ? (
          <>
            <p className="fields-tab">{words.previewTab}</p>
            <Line label={label} isOwn />
          </>
        ) : (
          around.flatMap((place, i) => [
            <Line key={place.name} label={place.label} />,
            ...(place.name === model.places[at]!.name ? [<Line key={`own-${i}`} label={label} isOwn />] : []),
          ])
        )}
      </div>
      {definition.list !== 'no' && (
        <div>
          <p className="soft">{words.previewList}</p>
          <p className="fields-columns">
            <span>…</span>
            <span data-own={definition.list === 'shown' || undefined}>{label}</span>
            {definition.list === 'hidden' && <span className="soft">{words.inLists['hidden']}</span>}
          </p>
        </div>
      )}
    </figure>
  )
}

function Line({ label, isOwn = false }: { label: string; isOwn?: boolean }) {
  return (
    <p className="fields-line" data-own={isOwn || undefined}>
      <span>{label}</span>
      <span aria-hidden className="fields-box" />
    </p>
  )
}
