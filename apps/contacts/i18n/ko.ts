export const korean: Readonly<Record<string, string>> = {
  Configuration: '설정',
  'Contact Tags': '연락처 태그',
  'Number of Contacts': '연락처 수',
  'People and addresses directly under this one.': '바로 아래에 있는 사람과 주소의 수입니다.',
}
