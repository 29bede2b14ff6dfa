package report

// noFollow is no flag: Windows has none that keeps a link from being followed.
const noFollow = 0
