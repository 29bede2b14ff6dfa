package report

import (
	"fmt"
	"strconv"
)

// An entry's cells are made and read here, and not by gocsv, which looks at a type anew for each row: that took longer than all else that is done
// for one. FuzzALineIsWhatGocsvMakesOfIt holds the two to each other.

// cells are the cells of an entry, in the columns' order.
func (e Entry) cells() [columns]string {
	// None of these fails.
	status, _ := e.HTTPStatus.MarshalCSV()
	attempts, _ := e.Attempts.MarshalCSV()
	finished, _ := e.FinishedAt.MarshalCSV()
	return [columns]string{
		string(e.Outcome), e.UserID, e.UserSubject, e.Message, e.ErrorCode, status, e.TraceID, attempts, finished, e.Tenant, strconv.Itoa(e.Row),
	}
}

// entryFrom is the entry whose cells these are. The row's number and the outcome have to be some; see rowNumber and stateOf.
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
