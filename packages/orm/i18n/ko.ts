/** Korean for what the kernel itself says to people; apps bring their own words. */
export const ko: Readonly<Record<string, string>> = {
  // Refusals
  'This takes your password: it changes who may do what.': '권한에 관한 변경이므로 비밀번호 확인이 필요합니다.',
  "You are not allowed to do this with '{model}' ({name}) records.": "'{model}'({name}) 레코드에 이 작업을 할 권한이 없습니다.",
  "You are not allowed to access '{model}' ({name}) records.": "'{model}'({name}) 레코드에 접근할 권한이 없습니다.",
  "You are not allowed to modify '{model}' ({name}) records.": "'{model}'({name}) 레코드를 수정할 권한이 없습니다.",
  "You are not allowed to create '{model}' ({name}) records.": "'{model}'({name}) 레코드를 만들 권한이 없습니다.",
  "You are not allowed to delete '{model}' ({name}) records.": "'{model}'({name}) 레코드를 삭제할 권한이 없습니다.",
  "You may not read these '{model}' ({name}) records, or they no longer exist.":
    "이 '{model}'({name}) 레코드를 읽을 수 없거나, 레코드가 더 이상 존재하지 않습니다.",
  "You may not create these '{model}' ({name}) records, or they no longer exist.":
    "이 '{model}'({name}) 레코드를 만들 수 없거나, 레코드가 더 이상 존재하지 않습니다.",
  "You may not modify these '{model}' ({name}) records, or they no longer exist.":
    "이 '{model}'({name}) 레코드를 수정할 수 없거나, 레코드가 더 이상 존재하지 않습니다.",
  "You may not delete these '{model}' ({name}) records, or they no longer exist.":
    "이 '{model}'({name}) 레코드를 삭제할 수 없거나, 레코드가 더 이상 존재하지 않습니다.",
  "A record that this '{model}' ({name}) refers to does not exist, or you may not use it.":
    "이 '{model}'({name})이(가) 가리키는 레코드가 존재하지 않거나, 사용할 권한이 없습니다.",
  "This '{model}' refers to a record of another company.": "이 '{model}'이(가) 다른 회사의 레코드를 가리킵니다.",
  "'{model}' records cannot be archived.": "'{model}' 레코드는 보관 처리할 수 없습니다.",
  "A '{model}' cannot be its own parent, at any level.": "'{model}'은(는) 어느 단계에서도 자기 자신의 상위가 될 수 없습니다.",
  "This '{model}' cannot be deleted: {count} record(s) of '{other}' still refer to it ({field}). Archive it instead, or change those first.":
    "이 '{model}'을(를) 삭제할 수 없습니다. '{other}' 레코드 {count}건이 아직 이를 사용하고 있습니다({field}). 대신 보관 처리하거나, 먼저 그 레코드를 변경하십시오.",
  "This '{model}' cannot be deleted: something that you may not see still refers to it. Archive it instead.":
    "이 '{model}'을(를) 삭제할 수 없습니다. 볼 수 없는 레코드가 아직 이를 사용하고 있습니다. 대신 보관 처리하십시오.",
  '{name} was changed by someone else in the meantime{when}. Reload it and apply your change again.':
    '그사이 다른 사람이 {name}을(를) 변경했습니다{when}. 다시 불러온 뒤 변경 내용을 다시 적용하십시오.',
  '{name} was changed since: look at it before you take anything back.':
    '그 뒤에 {name}이(가) 변경되었습니다. 되돌리기 전에 먼저 확인하십시오.',
  'There is nothing to take back.': '되돌릴 것이 없습니다.',
  'The last change of this record was somebody else’s.': '이 레코드의 마지막 변경은 다른 사람이 한 것입니다.',
  'That save made the record: delete or archive it instead.': '그 저장으로 레코드가 만들어졌습니다. 대신 삭제하거나 보관 처리하십시오.',
  'That save deleted more than lines of this record, which cannot be brought back.':
    '그 저장에서 이 레코드의 항목 외에 다른 것도 삭제되어 되돌릴 수 없습니다.',
  'There is no such change in the history of this record.': '이 레코드의 이력에 그런 변경이 없습니다.',
  '{field} was changed with it, which you may not set.': '함께 변경된 {field} 항목을 바꿀 권한이 없습니다.',
  '{field} is not changed here.': '{field} 항목은 여기에서 바꾸지 않습니다.',
  'The English text cannot be taken away.': '영어 문구는 지울 수 없습니다.',
  'The sequence that numbers these records is missing or not in use.': '이 레코드의 번호를 매기는 시퀀스가 없거나 사용 중이 아닙니다.',
  // What the database refuses
  '{field} is required.': '{field}은(는) 필수입니다.',
  '{model}: {field} must not be empty.': '{model}: {field}은(는) 비워 둘 수 없습니다.',
  '{model}: another record has the same {fields}.': '{model}: {fields}이(가) 같은 레코드가 이미 있습니다.',
  '{some} and {last}': '{some} 및 {last}',
  '{model}: the same record was added twice.': '{model}: 같은 레코드가 두 번 추가되었습니다.',
  '{model}: a record with this id exists already.': '{model}: 이 ID를 가진 레코드가 이미 있습니다.',
  '{model}: this record is still in use as {field}, so it cannot be deleted. Archive it, or change what refers to it first.':
    '{model}: 이 레코드는 아직 {field}(으)로 사용 중이므로 삭제할 수 없습니다. 보관 처리하거나, 먼저 이를 가리키는 레코드를 변경하십시오.',
  '{field}: the record chosen does not exist any more. Please choose another.':
    '{field}: 선택한 레코드가 더 이상 존재하지 않습니다. 다른 레코드를 선택하십시오.',
  '{model}: {field} has a value that is none of its choices.': '{model}: {field}의 값이 선택 항목에 없습니다.',
  'The data breaks a rule of the database.': '데이터가 데이터베이스의 규칙에 맞지 않습니다.',
  'A number is too large for its field.': '숫자가 필드에 비해 너무 큽니다.',
  'A text contains a character that cannot be stored.': '저장할 수 없는 문자가 들어 있습니다.',
  'Someone else is working on this record right now. Please try again.':
    '지금 다른 사람이 이 레코드를 작업하고 있습니다. 다시 시도하십시오.',
  'This took too long and was stopped. Nothing was changed.': '시간이 너무 오래 걸려 중단되었습니다. 변경된 내용은 없습니다.',
  'These files are too large to be read at once. Read them one by one.': '파일이 너무 커서 한 번에 읽을 수 없습니다. 하나씩 읽으십시오.',
  // Import
  "There is no '{model}' named '{value}'": "이름이 '{value}'인 '{model}'이(가) 없습니다",
  "There is no '{model}' with the id '{value}'": "ID가 '{value}'인 '{model}'이(가) 없습니다",
  "There is no '{model}' with the external id '{value}'": "외부 ID가 '{value}'인 '{model}'이(가) 없습니다",
  "{count} records are named '{value}': use their external ids instead":
    "이름이 '{value}'인 레코드가 {count}건 있습니다. 외부 ID를 사용하십시오",
  "The external id '{value}' belongs to an app": "외부 ID '{value}'은(는) 앱의 것입니다",
  "The external id '{value}' is taken by another kind of record": "외부 ID '{value}'은(는) 다른 종류의 레코드가 사용하고 있습니다",
  "The external id '{value}' and the id mean two records": "외부 ID '{value}'와(과) ID가 서로 다른 레코드를 가리킵니다",
  "'{value}' cannot be an external id": "'{value}'은(는) 외부 ID가 될 수 없습니다",
  'New lines of a list cannot be given external ids: import them by themselves':
    '목록의 새 행에는 외부 ID를 줄 수 없습니다. 해당 레코드를 따로 가져오십시오',
  'It refers to row {row}, which could not be imported': '가져오지 못한 {row}행을 가리킵니다',
  'It changes the record of row {row}, which could not be imported': '가져오지 못한 {row}행의 레코드를 변경합니다',
  'Not tried: too many other rows have errors. Mend those first.':
    '시도하지 않았습니다. 오류가 있는 행이 너무 많으니 먼저 그 행을 고치십시오.',
  "'{value}' does not fit the field '{field}'": "'{value}'은(는) '{field}' 필드에 맞지 않습니다",
  "'{value}' is neither yes nor no": "'{value}'은(는) 예도 아니요도 아닙니다",
  yes: '예',
  no: '아니요',
  true: '참',
  false: '거짓',
  'a number is needed': '숫자가 필요합니다',
  'a whole number is needed': '정수가 필요합니다',
  'it is not written as {format}': '{format} 형식이 아닙니다',
  'write the day as 2026-01-31': '날짜는 2026-01-31 형식으로 적으십시오',
  'write the time as 2026-01-31 14:30:00': '시각은 2026-01-31 14:30:00 형식으로 적으십시오',
  'the time zone is unknown': '알 수 없는 시간대입니다',
  'it is none of {choices}': '선택 항목({choices})에 없습니다',
  // Forms
  Warning: '주의',
  Warnings: '주의 사항',
  // Groups by time
  'Q{quarter} {year}': '{year}년 {quarter}분기',
  'W{week} {year}': '{year}년 {week}주',
  // Fields that people made
  More: '추가 정보',
  'A table is in use by others, and we did not wait for it: nothing has changed. Try again when fewer people work.':
    '다른 사용자가 테이블을 사용 중이라 기다리지 않았으며, 바뀐 것은 없습니다. 사용자가 적을 때 다시 시도하십시오.',
  'What the apps declare now leaves no room for such a field.': '지금 설치된 앱에서는 이런 필드를 둘 수 없습니다.',
  'A column of that name is there already, and holds something else.': '같은 이름의 열이 이미 있으며 다른 값이 들어 있습니다.',

  // Files
  'There is no room for this file: all files together may take {most} MB. Delete some that nobody needs, or ask whoever runs ERP4.':
    '파일을 저장할 공간이 없습니다. 전체 파일은 {most}MB까지 저장할 수 있습니다. 필요 없는 파일을 삭제하거나 ERP4 운영자에게 문의해 주세요.',
  'There is no room for this file: one person may add {most} MB in a day. Try again tomorrow.':
    '파일을 저장할 공간이 없습니다. 한 사람이 하루에 {most}MB까지 추가할 수 있습니다. 내일 다시 시도해 주세요.',
  'There is no room for this file: the disk is full. Tell whoever runs ERP4.':
    '디스크가 가득 차서 파일을 저장할 수 없습니다. ERP4 운영자에게 알려 주세요.',
}
