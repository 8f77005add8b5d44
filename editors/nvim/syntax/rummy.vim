" A run's transcript and its entries: the part of Markdown that they are written in, and the diffs in them.

if exists("b:current_syntax")
  finish
endif

syntax match rummyHeading /^#\{1,3} .*$/ contains=rummyEntry,rummyCode
syntax match rummyTurn /^## .*$/
syntax match rummyQuoteMark /^>/
syntax match rummyFact /^\*.*\*$/
syntax match rummyStatus /^\*\*[123]\d\d\*\*/
syntax match rummyFailure /^\*\*[45]\d\d\*\*/

syntax match rummyCode /`[^`]\+`/
syntax match rummyEntry /`\l\+:\/\/[^`]\+`/

syntax region rummyFence matchgroup=rummyFenceMark start=/^\z(`\{3,}\)\w*$/ end=/^\z1$/ keepend
syntax region rummyDiff matchgroup=rummyFenceMark start=/^\z(`\{3,}\)diff$/ end=/^\z1$/ keepend contains=rummyDiffAdded,rummyDiffRemoved,rummyDiffHunk
syntax match rummyDiffAdded /^+.*$/ contained
syntax match rummyDiffRemoved /^-.*$/ contained
syntax match rummyDiffHunk /^@@.*$/ contained

" A fence may be longer than the screen.
syntax sync minlines=500

highlight default link rummyHeading Identifier
highlight default link rummyTurn Title
highlight default link rummyQuoteMark NonText
highlight default link rummyFact Comment
highlight default link rummyStatus DiagnosticOk
highlight default link rummyFailure DiagnosticError
highlight default link rummyCode Special
highlight default link rummyEntry Underlined
highlight default link rummyFenceMark NonText
highlight default link rummyDiffAdded Added
highlight default link rummyDiffRemoved Removed
highlight default link rummyDiffHunk Changed

let b:current_syntax = "rummy"
