package report

import (
	"fmt"
	"strconv"
)

// A line of the journal is made and read one by one, while users are being created: gocsv, which looks at a type anew each time, would take longer
// over it than all else that is done for the row. FuzzALineIsWhatGocsvMakesOfIt holds the two to each other.

// cells are the cells of an entry, in the columns' order.
func (e Entry) cells() []string {
	// Neither of these fails.
	status, _ := e.HTTPStatus.MarshalCSV()
	attempts, _ := e.Attempts.MarshalCSV()
	finished, _ := e.FinishedAt.MarshalCSV()
	return []string{
		string(e.Outcome), e.UserID, e.UserSubject, e.Message, e.ErrorCode, status, e.TraceID, attempts, finished, e.Tenant, strconv.Itoa(e.Row),
	}
}

// entryFrom is the entry whose cells these are.
func entryFrom(cells []string) (Entry, error) {
	row, ok := rowNumber(cells[rowColumn])
	if !ok {
		return Entry{}, fmt.Errorf("%q is no row number", cells[rowColumn])
	}
	state, ok := stateOf(cells[outcomeColumn])
	if !ok {
		return Entry{}, fmt.Errorf("%q is no outcome", cells[outcomeColumn])
	}
	e := Entry{
		Outcome: state, UserID: cells[1], UserSubject: cells[2], Message: cells[3], ErrorCode: cells[4],
		TraceID: cells[6], Tenant: cells[9], Row: row,
	}
	// Nonsense is read as nothing, see Number and Time: neither of these fails.
	_ = e.HTTPStatus.UnmarshalCSV(cells[5])
	_ = e.Attempts.UnmarshalCSV(cells[7])
	_ = e.FinishedAt.UnmarshalCSV(cells[8])
	return e, nil
}
