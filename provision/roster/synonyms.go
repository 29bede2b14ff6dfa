package roster

import (
	"regexp"
	"strings"
	"unicode"
)

// A field is what a column may hold; a set of them is what its header's words allow.
type field uint16

const (
	subjectField field = 1 << iota
	emailField
	wholeName
	firstName     // given name
	lastName      // family name
	nameOrFirst   // nombre: the whole name; beside a last name the first name
	nameOrLast    // nom: the whole name; beside a first name the last name
	nameOrPart    // name: the whole name; beside a first or last name perhaps the other one
	preferredName // the whole name, or the name somebody goes by
	listedName    // the whole name as lists sort it; for files with no other name
	nameParticle  // what stands between first and last name: van, de, von
	activeFlag    // whether somebody is active
	inactiveFlag  // whether somebody has left
)

const (
	anyWhole = wholeName | nameOrFirst | nameOrLast | nameOrPart
	anyName  = anyWhole | firstName | lastName | preferredName | listedName
	anyField = anyName | subjectField | emailField | nameParticle
)

// The header words of Workday, SAP SuccessFactors, PeopleSoft, BambooHR, Personio, ADP, Entra ID, Active Directory,
// Okta and Google Workspace, as fold leaves them. A private address is no work address, so its words are not here.
var headerWords = [...]struct {
	field field
	words string
}{
	{subjectField, `subject userid username loginname loginid login logonname userlogin upn userprincipalname principalname
		samaccountname networkid networklogin ssoid federationid nameid employeeid employeeno employeenumber employeenr
		employeecode employee# empid empno emplid eeid useremployeeid employeeidnumber personid personnumber
		personnelid personnelnumber personnelno personidexternal staffid staffnumber staffno workerid workernumber
		associateid payrollnumber payrollid fileid filenumber file# benutzername benutzerid benutzerkennung kennung
		anmeldename loginkennung personalnummer personalnr persnr persnummer pernr personalid mitarbeiternummer
		mitarbeiternr mitarbeiterid mitarbeiterkennung mitarbeiterkurzel stammnummer identifiant identifiantutilisateur
		identifiantemploye identifiantsalarie idutilisateur idemploye idsalarie nomdutilisateur nomutilisateur
		matricule matriculesalarie numeroemploye numerodemploye numerodesalarie numerosalarie nemploye nsalarie
		numeromatricule nmatricule codeemploye codesalarie usuario nombredeusuario nombreusuario idusuario iddeusuario
		idempleado iddeempleado iddelempleado numeroempleado numerodeempleado nempleado noempleado codigoempleado
		codigodeempleado numerodepersonal legajo nomeutente idutente matricola iddipendente codicedipendente
		numerodipendente gebruikersnaam gebruikersid personeelsnummer personeelsnr medewerkernummer medewerkersnummer
		medewerkerid nomedeusuario nomedeutilizador iddousuario matriculafuncionario matricula iddofuncionario
		numerodofuncionario anvandarnamn anstallningsnummer medarbejdernummer ansattnummer brukernavn brugernavn
		kayttajatunnus numerpracownika nazwauzytkownika osobnicislo uzivatelskejmeno sicilno sicilnumarasi kullaniciadi
		табельныйномер логин имяпользователя 工号 员工编号 用户名 社員番号 従業員番号 社員id 従業員id 社員コード 従業員コード 職員番号 ユーザーid ユーザid ユーザー名
		ログインid ログイン名`},
	{emailField, `email emailaddress emailaddr emailid mail mailaddress workemail workemailaddress emailwork primaryemail
		primaryemailaddress primaryworkemail emailprimarywork companyemail companyemailaddress businessemail
		businessemailaddress corporateemail officeemail useremail employeeemail workcontactemail workcontactworkemail
		emailinformationemailaddress emailprimary internetemailaddress emailadresse mailadresse emaildienstlich
		dienstlicheemail dienstlicheemailadresse geschaftlicheemail geschaftlicheemailadresse geschaeftlicheemail
		emailgeschaftlich emailgeschaeftlich firmenemail emailarbeit courriel adressecourriel adresseemail adressemail
		adresseelectronique courrielprofessionnel emailprofessionnel emailpro mailprofessionnel mailpro
		adresseemailprofessionnelle adressedemessagerie adressecourrielprofessionnel correo correoelectronico
		direcciondecorreo direcciondecorreoelectronico emailcorporativo correocorporativo correoelectronicocorporativo
		correodetrabajo emailtrabajo correolaboral emaildetrabajo indirizzoemail indirizzomail postaelettronica
		emailaziendale mailaziendale emailadres mailadres werkemail zakelijkeemail emailzakelijk enderecodeemail
		emailprofissional emailcorporativo correioeletronico epost epostadress epostadresse sahkoposti adresemail
		sluzbowyemail eposta epostaadresi электроннаяпочта адресэлектроннойпочты 邮箱 电子邮件 邮件地址 メール メールアドレス eメール 電子メール
		会社メールアドレス 会社メール 社用メールアドレス`},
	{wholeName, `worker displayname fullname completename employeename workername personname commonname legalname
		fulllegalname legalfullname employeefullname nameofemployee formattedname anzeigename vollername
		vollstandigername vollstaendigername gesamtname mitarbeitername mitarbeiter vorundnachname vornamenachname
		nomcomplet nometprenom nomprenom nomprenoms prenomnom prenometnom nomdaffichage nomaffiche nomdelemploye
		nomdusalarie nombrecompleto nombreyapellidos nombreyapellido nombreparamostrar nombredelempleado nomecompleto
		nominativo nomeecognome nomecognome volledigenaam weergavenaam nomedeexibicao fullstandigtnamn imieinazwisko
		celejmeno adsoyad adisoyadi фио полноеимя 姓名 氏名 名前 お名前 フルネーム 表示名 社員名 従業員名 社員氏名`},
	{nameOrPart, `name namn navn naam`},
	{nameOrLast, `nom`},
	{nameOrFirst, `nombre nome`},
	{preferredName, `preferredname preferredfullname knownas chosenname bevorzugtername wunschname rufnamevollstandig
		nomusuelcomplet nomprefere nomdepreference nombrepreferido nomepreferito nomepreferido voorkeursnaam`},
	{listedName, `lastfirst lastnamefirstname lastfirstname lastnamefirst namelastfirst namelastfirstmiddle
		lastfirstmiddle surnamefirstname surnamegivenname familynamegivenname payrollname sortname filingname
		reportingname nachnamevorname namevorname apellidosynombre apellidosynombres apellidosnombre apellidosnombres
		cognomeenome cognomenome achternaamvoornaam nazwiskoimie soyadad apellidoynombre apellidoynombres`},
	{firstName, `firstname forename givenname givennames legalfirstname legalnamefirstname preferredfirstname
		preferrednamefirstname firstnames fname first employeefirstname vorname vornamen rufname prenom prenoms nombres
		nombredepila primernombre voornaam roepnaam primeironome nomeproprio fornamn fornavn etunimi imie jmeno adi имя
		名 ファーストネーム`},
	{nameParticle, `tussenvoegsel tussenvoegsels voorvoegsel voorvoegsels namensvorsatz vorsatzwort`},
	{lastName, `lastname surname familyname legallastname legalnamelastname preferredlastname preferrednamelastname
		lname last sn secondname employeelastname nachname familienname zuname nomdefamille patronyme nomusuel
		nomdusage nomdenaissance apellido apellidos primerapellido cognome achternaam familienaam sobrenome apelido
		ultimonome efternamn etternavn efternavn sukunimi nazwisko prijmeni soyad soyadi фамилия 姓 苗字 名字 ラストネーム`},
	{activeFlag, `active activestatus isactive enabled isenabled accountenabled accountactive useractive userenabled
		currentlyactive currentemployee employed aktiv istaktiv aktiviert actif activo activa attivo attiva actief
		ativo ativa aktywny aktif активен 有効 在職`},
	{inactiveFlag, `inactive isinactive disabled isdisabled accountdisabled userdisabled blockcredential blocksignin
		signinblocked blocked suspended issuspended terminated isterminated deleted isdeleted deactivated archived
		isarchived locked left inaktiv deaktiviert gesperrt geloescht geloscht ausgeschieden inactif desactive inactivo
		inattivo inactief inativo suspendido suspendu sospeso 無効 退職 退職フラグ`},
}

// fieldsByWord maps a folded header to its fields. It is read only.
var fieldsByWord = func() map[string]field {
	fields := make(map[string]field)
	for _, h := range headerWords {
		for w := range strings.FieldsSeq(h.words) {
			fields[fold(w)] |= h.field
		}
	}
	return fields
}()

// fieldsOf is what a column with this header may hold.
func fieldsOf(header string) field { return fieldsByWord[fold(withoutRemark(header))] }

// withoutRemark is a header without the remark of an upload template: Email Address [Required], Name [displayName]
// Required, (required) Employee ID.
func withoutRemark(header string) string { return remarks.ReplaceAllString(header, "$1") }

// remarks is read only.
var remarks = regexp.MustCompile(
	`(?i)(.)\[.*|\((required|optional|mandatory|read.?only|pflichtfeld|obligatoire|obligatorio)\)`)

// LooksLikeHeader counts the cells whose words are known as a header's. It is for csvfile.Options.
func LooksLikeHeader(cells []string) int {
	n := 0
	for _, c := range cells {
		if fieldsOf(c)&anyField != 0 {
			n++
		}
	}
	return n
}

// fold makes headers equal that are the same to people: it takes away case, diacritics, white space and punctuation,
// but for #, which stands for number. Of a long text it is the beginning.
func fold(s string) string {
	const longest = 256
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '#' {
			return r
		}
		return -1
	}, plainWords(s[:min(len(s), longest)]))
}
