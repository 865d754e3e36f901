export const korean: Readonly<Record<string, string>> = {
  Configuration: '설정',
  'Contact Tags': '연락처 태그',
  'Number of Contacts': '연락처 수',
  'People and addresses directly under this one.': '바로 아래에 있는 사람과 주소의 수입니다.',
  'Add your first customer': '첫 고객 등록',
  'A name is enough to begin with; the rest can follow.': '이름만으로 시작하고 나머지는 나중에 채울 수 있습니다.',
}
