package page

import (
	"bufio"
	"cmp"
	"fmt"
	"html"
	"net/http"
	"strings"

	"qlik-provision/provision"
	"qlik-provision/provision/text"
	"qlik-provision/report"
)

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
	fmt.Fprintf(w, "<noscript id=\"all\">\n<table class=\"rows\">\n"+
		"<thead><tr><th>Row<th>Outcome<th>%s<th>Name<th>Message</thead>\n<tbody>\n", cell(v.SubjectHead))
	notDone := report.NotDone(v.Results.Rows)
	for i := range v.Results.Rows {
		r := &v.Results.Rows[i]
		attributes, lockedMark := "", ""
		if notDone[i] {
			attributes = " class=open"
		}
		if g := v.groupOf[i]; g != nil && g.Number > 0 {
			attributes += fmt.Sprintf(" data-group=%d", g.Number)
		}
		if class(r.Entry.Outcome, string(r.Entry.Code)) == locked {
			lockedMark = provision.CodeDisabled
		}
		fmt.Fprintf(w, "<tr id=row-%d%s><td>%d<td>%s%s<td>%s<td>%s%s<td>%s%s\n", r.Number, attributes, r.Number,
			cell(string(r.Entry.Outcome)), small(lockedMark), cell(subject(r)), cell(r.Person.Name),
			small(r.Person.Email), cell(string(r.Entry.Message)), small(facts(&r.Entry)))
	}
	w.WriteString("</table>\n</noscript>\n")
}

// cell is a text of the file as the page's source has it, clipped.
func cell(s string) string { return html.EscapeString(shown(text.Clip(s, maxShown))) }

// small is a text in small print below a cell.
func small(s string) string {
	if s == "" {
		return ""
	}
	return "<small>" + cell(s) + "</small>"
}

// subject is the subject as it is or would be sent, and where there is none the one in the file.
func subject(r *report.Row) string { return cmp.Or(r.Entry.UserSubject, r.Person.Subject) }

// facts are what the tenant's administrator or Qlik's support may ask for.
func facts(e *report.Entry) string {
	var facts []string
	add := func(prefix, value string) {
		if value != "" {
			facts = append(facts, prefix+text.Clip(value, maxShown/4))
		}
	}
	add("", string(e.Code))
	if e.HTTPStatus != 0 && e.HTTPStatus != http.StatusOK && !e.Outcome.Done() {
		add("HTTP ", fmt.Sprint(int(e.HTTPStatus)))
	}
	add("trace ", string(e.TraceID))
	add("user ", string(e.UserID))
	return strings.Join(facts, " · ")
}
