import { Button, MultiSelect, NumberInput, Select, Switch, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useTexts } from '../../i18n/index.ts'
import { call } from '../../rpc.ts'
import { tell, tellFailure } from '../../ui/notify.ts'
import { type Definition, type Field, type Overview, blank, languages, said } from './definition.ts'
import { Default } from './Default.tsx'
import { Options } from './Options.tsx'
import { Preview } from './Preview.tsx'
import { isTechnicalName, technicalName } from './technical-name.ts'
import { words } from './texts.ts'

interface Props {
  readonly overview: Overview
  /** Absent for a new one. */
  readonly field: Field | undefined
  readonly onSaved: (model: string) => void
}

const within = { withinPortal: true }

/** What a field is, and where it shows. */
export function FieldForm({ overview, field, onSaved }: Props) {
  const t = useTexts()
  const [value, setValue] = useState<Definition>(field ?? blank(overview.models[0]!.model))
  const [isNameOwn, setNameOwn] = useState(field !== undefined)
  const [isBusy, setBusy] = useState(false)
  const model = overview.models.find((one) => one.model === value.model)!
  const taken = overview.fields.filter((one) => one.model === value.model && one.id !== field?.id).map(({ name }) => name)
  const set = (patch: Partial<Definition>): void => {
    const next = { ...value, ...patch }
    setValue(isNameOwn ? next : { ...next, name: technicalName(said(next.label), taken) })
  }
  const nameProblem =
    value.name === 'x_' ? null : !isTechnicalName(value.name) ? words.nameWrong : taken.includes(value.name) ? words.nameTaken : null
  const isWhole = said(value.label).trim() !== '' && isTechnicalName(value.name) && nameProblem === null
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (isBusy) return
    setBusy(true)
    try {
      const definition = { ...value, options: value.options.filter(({ label }) => said(label).trim() !== '') }
      if (field) await call('ir.model.fields', 'redefine_field', [[field.id], definition])
      else await call('ir.model.fields', 'define_field', [definition])
      tell(field ? words.changed : words.made)
      onSaved(value.model)
    } catch (error) {
      tellFailure(error, t)
    }
    setBusy(false)
  }
  return (
    <form className="settings-form" onSubmit={(event) => void save(event)}>
      <div className="fields-pair">
        <Select
          label={words.model}
          value={value.model}
          onChange={(one) => one && set({ model: one, kind: 'char', form: 'tab' })}
          data={overview.models.map((one) => ({ value: one.model, label: one.label }))}
          allowDeselect={false}
          disabled={field !== undefined}
          comboboxProps={within}
        />
        <Select
          label={words.kind}
          description={field ? undefined : words.kindHint}
          inputWrapperOrder={['label', 'input', 'description', 'error']}
          value={value.kind}
          onChange={(kind) => kind && set({ kind, default: null, required: false, digits: kind === 'float' ? 2 : null })}
          data={model.kinds.map((kind) => ({ value: kind, label: words.kinds[kind]! }))}
          allowDeselect={false}
          disabled={field !== undefined}
          comboboxProps={within}
        />
      </div>
      <div className="fields-pair">
        {languages.map(({ code, name }, i) => (
          <TextInput
            key={code}
            label={languages.length > 1 ? words.labelIn(name) : words.label}
            value={value.label[code] ?? ''}
            maxLength={100}
            onChange={(event) => set({ label: { ...value.label, [code]: event.currentTarget.value } })}
            {...(i === 0 ? { 'data-autofocus': true, required: true, withAsterisk: false } : {})}
          />
        ))}
      </div>
      <TextInput
        label={words.name}
        description={words.nameHint}
        value={value.name}
        error={nameProblem}
        disabled={field !== undefined}
        spellCheck={false}
        autoComplete="off"
        maxLength={60}
        onChange={(event) => {
          setNameOwn(true)
          setValue({ ...value, name: event.currentTarget.value })
        }}
      />
      {value.kind === 'selection' && <Options options={value.options} onChange={(options) => set({ options })} />}
      {value.kind === 'many2one' && (
        <div className="fields-pair">
          <Select
            label={words.target}
            value={value.relation}
            onChange={(relation) => set({ relation })}
            data={overview.targets.map((one) => ({ value: one.model, label: one.label }))}
            disabled={field !== undefined}
            required
            withAsterisk={false}
            comboboxProps={within}
          />
          <Select
            label={words.onDelete}
            value={value.onDelete}
            onChange={(one) => one && set({ onDelete: one as Definition['onDelete'] })}
            data={Object.entries(words.onDeletes).map(([key, label]) => ({ value: key, label }))}
            allowDeselect={false}
            comboboxProps={within}
          />
        </div>
      )}
      {value.kind === 'char' && (
        <NumberInput
          label={words.size}
          description={words.sizeHint}
          value={value.size ?? ''}
          onChange={(size) => set({ size: typeof size === 'number' ? size : null })}
          min={1}
          max={10_000}
          allowDecimal={false}
          hideControls
        />
      )}
      {value.kind === 'float' && (
        <NumberInput
          label={words.digits}
          value={value.digits ?? ''}
          onChange={(digits) => set({ digits: typeof digits === 'number' ? digits : null })}
          min={0}
          max={10}
          allowDecimal={false}
          disabled={field !== undefined}
        />
      )}
      <div className="fields-pair">
        {languages.map(({ code, name }) => (
          <TextInput
            key={code}
            label={languages.length > 1 ? words.helpIn(name) : words.help}
            value={value.help[code] ?? ''}
            maxLength={1000}
            onChange={(event) => set({ help: { ...value.help, [code]: event.currentTarget.value } })}
          />
        ))}
      </div>
      <Default value={value} isNew={field === undefined} onChange={set} />
      <fieldset className="fields-where">
        <legend>{words.where}</legend>
        <div className="fields-pair">
          <Select
            label={words.inForm}
            value={value.form}
            onChange={(form) => form && set({ form })}
            data={[
              { value: 'tab', label: words.inTab },
              { value: 'none', label: words.nowhere },
              ...model.places.map((place) => ({ value: `after:${place.name}`, label: words.after(place.label) })),
            ]}
            allowDeselect={false}
            searchable
            comboboxProps={within}
          />
          <Select
            label={words.inList}
            value={value.list}
            onChange={(list) => list && set({ list: list as Definition['list'] })}
            data={Object.entries(words.inLists).map(([key, label]) => ({ value: key, label }))}
            allowDeselect={false}
            comboboxProps={within}
          />
        </div>
        <Switch label={words.inSearch} checked={value.search} onChange={(event) => set({ search: event.currentTarget.checked })} />
        <MultiSelect
          label={words.onlyFor}
          description={words.onlyForHint}
          placeholder={value.groups.length === 0 ? words.everybody : ''}
          value={value.groups.map(String)}
          onChange={(groups) => set({ groups: groups.map(Number) })}
          data={overview.groups.map(({ id, name }) => ({ value: String(id), label: name }))}
          searchable
          comboboxProps={within}
        />
        <Preview definition={value} model={model} />
      </fieldset>
      <div className="settings-buttons">
        <Button type="submit" loading={isBusy} disabled={!isWhole}>
          {field ? words.save : words.make}
        </Button>
        {isBusy && (
          <span className="soft" role="status">
            {words.making}
          </span>
        )}
      </div>
    </form>
  )
}
