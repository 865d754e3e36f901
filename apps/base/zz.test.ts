import { base } from '@erp4/base'
import { conforms } from '@erp4/testing'
conforms(base)
