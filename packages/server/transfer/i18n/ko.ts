/** Korean for what import and export say of files. */
export const ko: Readonly<Record<string, string>> = {
  'This is not a text file: it holds zero bytes. Save it as CSV or Excel (.xlsx) and try again.':
    '텍스트 파일이 아닙니다(0바이트 값이 들어 있음). CSV 또는 Excel(.xlsx)로 저장한 뒤 다시 시도하십시오.',
  'The file is not written in {encoding}. Choose its encoding, or save it as UTF-8.':
    '파일의 인코딩이 {encoding}이(가) 아닙니다. 올바른 인코딩을 선택하거나 UTF-8로 저장하십시오.',
  'Row {row} has {count} columns; a table has at most {most}.': '{row}행에 열이 {count}개 있습니다. 열은 최대 {most}개까지 가능합니다.',
  'Row {row}: a quotation mark is opened and never closed.': '{row}행: 큰따옴표가 열린 뒤 닫히지 않았습니다.',
  'Row {row}: the file is not well-formed CSV.': '{row}행: CSV 형식이 올바르지 않습니다.',
  'This is not an Excel file (.xlsx), or it is damaged.': 'Excel 파일(.xlsx)이 아니거나 손상되었습니다.',
  'The file holds {count} parts; an Excel file has at most {most}.':
    '파일에 항목이 {count}개 들어 있습니다. Excel 파일은 최대 {most}개까지 가능합니다.',
  'The file is protected by a password. Save it without one.': '암호로 보호된 파일입니다. 암호 없이 저장하십시오.',
  'The file would have {size} MB unpacked; at most {most} MB are read. Save it as CSV.':
    '압축을 풀면 {size}MB가 되는 파일입니다. 최대 {most}MB까지 읽을 수 있으니 CSV로 저장하십시오.',
  'The Excel file is damaged: a part of it cannot be read.': 'Excel 파일이 손상되어 일부를 읽을 수 없습니다.',
  'The Excel file has no sheet.': 'Excel 파일에 시트가 없습니다.',
  'The file has no sheet named {name}.': '파일에 {name} 시트가 없습니다.',
  'The texts of the file have more than {most} MB. Save it as CSV.': '파일의 텍스트가 {most}MB를 넘습니다. CSV로 저장하십시오.',
  'Row {row} has more than {most} columns.': '{row}행의 열이 {most}개를 넘습니다.',
  'The file is empty.': '파일이 비어 있습니다.',
  'This choice is not known: {name}': '알 수 없는 선택입니다: {name}',

  'External ID': '외부 ID',
  'Database ID': '데이터베이스 ID',
  'There is no such import, or it is not yours.': '가져오기가 없거나, 본인의 가져오기가 아닙니다.',
  'It was cancelled.': '취소되었습니다.',
  'It ended before it was done.': '끝나기 전에 중단되었습니다.',
  'Nothing was imported: {count} records have errors.': '아무것도 가져오지 않았습니다. 레코드 {count}건에 오류가 있습니다.',
  'It was deleted since the import.': '가져온 뒤에 삭제되었습니다.',
  'It was changed since the import.': '가져온 뒤에 변경되었습니다.',
  'An Excel sheet has at most {most} rows. Export as CSV.': 'Excel 시트는 최대 {most}행까지 가능합니다. CSV로 내보내십시오.',
  'You may neither create nor change {model}.': '{model}을(를) 만들거나 변경할 권한이 없습니다.',
  'Only whoever sent the file can import it.': '파일을 올린 사람만 가져올 수 있습니다.',
  'It is being worked on. Wait for it, or cancel it.': '처리 중입니다. 끝날 때까지 기다리거나 취소하십시오.',
  '{most} of your files are being worked on. Wait for one of them, or cancel it.':
    '본인의 파일 {most}개가 처리 중입니다. 하나가 끝날 때까지 기다리거나 취소하십시오.',
  'This file has been imported. Send it again to import it again.': '이미 가져온 파일입니다. 다시 가져오려면 파일을 다시 올리십시오.',
  'Choose a field for at least one column.': '하나 이상의 열에 필드를 지정하십시오.',
  'Two columns are to fill the same field.': '두 열이 같은 필드에 지정되었습니다.',
  'There is nothing to undo.': '되돌릴 내용이 없습니다.',
  'This export is gone: exports are kept for a day.': '내보낸 파일이 없습니다. 내보낸 파일은 하루 동안 보관됩니다.',
  'The file is larger than {most} MB.': '파일이 {most}MB를 넘습니다.',
  Row: '행',
  Error: '오류',
  errors: '오류',
}
