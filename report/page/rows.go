package page

import (
	"bufio"
	"cmp"
	"fmt"
	"html"
	"net/http"
	"strconv"
	"strings"

	"qlik-provision/provision"
	"qlik-provision/provision/text"
	"qlik-provision/report"
)

// blockSize is how many rows a block of the table has. The browser lays out the blocks in sight only.
const blockSize = 100

// maxShown is how many bytes of a cell the page shows.
const maxShown = 1000

// writeRows writes all rows once, for two readers. A browser without scripts shows the table. With scripts the contents
// of a noscript element are one text that is not parsed; the page's script takes the rows from its lines, and shows
// those that are asked for. So a line has this form, in which cells hold text and character references alone:
//
//	<tr id=row-2 class=open data-group=1><td>2<td>failed<td>00418<td>Anna<small>anna@acme.example</small><td>…
//
// class says that the row is not done. Small print below an outcome is the code that gives it another mark. An error
// of w stays with it, as bufio.Writer has it.
func writeRows(w *bufio.Writer, v *view) {
	if v.Rows == 0 {
		return
	}
	w.WriteString("<noscript id=\"all\">\n<table class=\"rows\">\n" +
		"<thead><tr><th>Row<th>Outcome<th>" + cell(v.SubjectHead) + "<th>Name<th>Message</thead>\n")
	var line []byte
	for i := range v.Results.Rows {
		if i%blockSize == 0 {
			w.WriteString("<tbody>\n")
		}
		line = v.appendRow(line[:0], i)
		w.Write(line)
	}
	w.WriteString("</table>\n</noscript>\n")
}

func (v *view) appendRow(line []byte, i int) []byte {
	r := &v.Results.Rows[i]
	line = strconv.AppendInt(append(line, "<tr id=row-"...), int64(r.Number), 10)
	if v.open[i] {
		line = append(line, " class=open"...)
	}
	if g := v.groupOf[i]; g != nil && g.Number > 0 {
		line = strconv.AppendInt(append(line, " data-group="...), int64(g.Number), 10)
	}
	line = strconv.AppendInt(append(line, "><td>"...), int64(r.Number), 10)
	line = append(append(line, "<td>"...), html.EscapeString(string(r.Entry.Outcome))...)
	if class(r.Entry.Outcome, string(r.Entry.Code)) == locked {
		line = appendSmall(line, provision.CodeDisabled)
	}
	line = append(append(line, "<td>"...), cell(subject(r))...)
	line = append(append(line, "<td>"...), cell(r.Person.Name)...)
	line = appendSmall(line, cell(r.Person.Email))
	line = append(append(line, "<td>"...), cell(message(&r.Entry))...)
	line = appendSmall(line, facts(&r.Entry))
	return append(line, '\n')
}

// subject is the subject as it is or would be sent, and where there is none the one in the file.
func subject(r *report.Row) string { return cmp.Or(r.Entry.UserSubject, r.Person.Subject) }

// locked is the class of rows that are done, and whose person cannot log in all the same.
const locked = "locked"

// class is the colour of an outcome's mark.
func class(o provision.Outcome, code string) string {
	if o == provision.Exists && code == provision.CodeDisabled {
		return locked
	}
	return string(o)
}

// message is what a row says to people.
func message(e *report.Entry) string {
	m := string(e.Message)
	if class(e.Outcome, string(e.Code)) != locked {
		return m
	}
	m = strings.TrimPrefix(strings.TrimPrefix(m, "disabled on the tenant"), "; ")
	if m != "" {
		m = "; " + m
	}
	return "Has a user that is disabled: cannot log in" + m
}

// cell is a text of the file as the page's source has it, clipped.
func cell(s string) string { return html.EscapeString(shown(text.Clip(s, maxShown))) }

func appendSmall(line []byte, s string) []byte {
	if s == "" {
		return line
	}
	return append(append(append(line, "<small>"...), s...), "</small>"...)
}

// facts are what the tenant's administrator or Qlik's support may ask for.
func facts(e *report.Entry) string {
	var facts []string
	if e.Code != "" {
		facts = append(facts, cell(string(e.Code)))
	}
	if e.HTTPStatus != 0 && e.HTTPStatus != http.StatusOK && !e.Outcome.Done() {
		facts = append(facts, fmt.Sprintf("HTTP %d", e.HTTPStatus))
	}
	if e.TraceID != "" {
		facts = append(facts, "trace "+cell(string(e.TraceID)))
	}
	if e.UserID != "" {
		facts = append(facts, "user "+cell(string(e.UserID)))
	}
	return strings.Join(facts, " · ")
}
