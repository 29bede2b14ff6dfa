package report

import "strings"

// A spreadsheet takes 00123 for a number and saves 123, in the export's column and in user_subject alike: then nothing in the two shows
// that somebody else is going to be created. So the message of a row that is not done ends with such a subject as a text, which a
// spreadsheet leaves alone.
const (
	witnessBegins = "[subject "
	witnessEnds   = "]"
)

// witnessed is a message with its row's subject at the end, where a spreadsheet may change the subject.
func witnessed(message, subject string) string {
	message, _ = testimony(message)
	if !fragile(subject) {
		return message
	}
	return strings.TrimPrefix(message+" "+witnessBegins+subject+witnessEnds, " ")
}

// testimony takes the subject off a message, "" where there is none.
func testimony(message string) (rest, subject string) {
	if !strings.HasSuffix(message, witnessEnds) {
		return message, ""
	}
	i := strings.LastIndex(message, witnessBegins)
	if i < 0 {
		return message, ""
	}
	subject = message[i+len(witnessBegins) : len(message)-len(witnessEnds)]
	if !fragile(subject) {
		return message, "" // it is the message's own
	}
	return strings.TrimSuffix(message[:i], " "), subject
}

// fragile reports whether a spreadsheet may take a subject for a number, a date or a time, and save it as another text: it is of such
// signs alone, and no whole number that is shown as it is, which ends at eleven digits.
func fragile(subject string) bool {
	const longest = 40 // and far from any number
	if subject == "" || len(subject) > longest || !strings.ContainsAny(subject, "0123456789") || strings.Trim(subject, "0123456789.,eE+-/:% ") != "" {
		return false
	}
	whole := strings.Trim(subject, "0123456789") == ""
	return !whole || len(subject) > 11 || len(subject) > 1 && subject[0] == '0'
}
