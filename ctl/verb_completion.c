/* conclave completion: scripts for bash and zsh, made from the table of the verbs, which
 * has a row for this verb too: hence the circle with verbs.c. */
#include "ctl/verb.h"

#include <stdio.h>
#include <string.h>

/* ---- bash ---- */

static const char bash_head[] =
    "# bash completion for conclave(1), made by: conclave completion bash\n"
    "\n"
    "_conclave() {\n"
    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
    "\tlocal verb=\"\" options=\"-c --json --help --version\" words=\"\" files=\"\" i\n"
    "\n"
    "\tCOMPREPLY=()\n"
    "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
    "\t\tcase ${COMP_WORDS[i]} in\n"
    "\t\t-c) ((i++)) ;;\n"
    "\t\t-*) ;;\n"
    "\t\t*)\n"
    "\t\t\tverb=${COMP_WORDS[i]}\n"
    "\t\t\tbreak\n"
    "\t\t\t;;\n"
    "\t\tesac\n"
    "\tdone\n"
    "\tcase $verb in\n";

static const char bash_tail[] =
    "\tesac\n"
    "\tif [[ -n $files ]]; then\n"
    "\t\tcompopt -o filenames\n"
    "\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\"; compgen -f -- "
    "\"$cur\")\n"
    "\telif [[ $cur = -* || -z $words ]]; then\n"
    "\t\tmapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$cur\")\n"
    "\telse\n"
    "\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
    "\tfi\n"
    "}\n"
    "\n"
    "complete -F _conclave conclave\n";

static void
put_bash_verb(const struct verb *v)
{
	printf("\t%s)\n\t\toptions=\"", v->name);
	for (const struct verb_option *o = v->options; o->name; o++)
		if (o->about)
			printf("--%s ", o->name);
	printf("%s--help\" words=\"%s\"\n", v->without_json ? "" : "--json ",
	       v->words ? v->words : "");
	if (v->files)
		puts("\t\t[[ $cur = -* ]] || files=1");
	puts("\t\t;;");
}

/* What follows an option is a file, or cannot be completed. */
static void
put_bash_value(const struct verb *v, const struct verb_option *o)
{
	printf("\t\"%s --%s\")%s ;;\n", v->name, o->name,
	       o->file ? " words=\"\" files=1" : " return");
}

static void
put_bash(void)
{
	fputs(bash_head, stdout);
	printf("\t\"\") words=\"");
	for (unsigned i = 0; i < verb_count; i++)
		printf("%s%s", i ? " " : "", verbs[i].name);
	puts("\" ;;");
	for (unsigned i = 0; i < verb_count; i++)
		put_bash_verb(&verbs[i]);
	puts("\tesac\n\tcase \"$verb $prev\" in\n\t*\" -c\") words=\"\" files=1 ;;");
	for (unsigned i = 0; i < verb_count; i++)
		for (const struct verb_option *o = verbs[i].options; o->name; o++)
			if (o->about && o->value)
				put_bash_value(&verbs[i], o);
	fputs(bash_tail, stdout);
}

/* ---- zsh ---- */

static const char zsh_head[] =
    "#compdef conclave\n"
    "# zsh completion for conclave(1), made by: conclave completion zsh\n"
    "\n"
    "_conclave() {\n"
    "\tlocal context state line\n"
    "\tlocal -a verbs common\n"
    "\tcommon=('-c[configuration]:file:_files' '--help[help]')\n"
    "\t_arguments -C $common '--json[JSON]' '--version[version]' '1:verb:->verb' "
    "'*::argument:->rest'\n"
    "\tif [[ $state = verb ]]; then\n"
    "\t\tverbs=(\n";

/* Within single quotes; brackets and colons mean something to _arguments. */
static void
put_zsh_text(const char *text)
{
	for (; *text; text++) {
		if (strchr("[]:", *text))
			putchar('\\');
		fputs(*text == '\'' ? "'\\''" : (char[]){*text, '\0'}, stdout);
	}
}

static void
put_zsh_verb(const struct verb *v)
{
	printf("\t%s) _arguments $common", v->name);
	if (!v->without_json)
		fputs(" '--json[JSON]'", stdout);
	for (const struct verb_option *o = v->options; o->name; o++) {
		if (!o->about)
			continue;
		printf(" '--%s[", o->name);
		put_zsh_text(o->about);
		putchar(']');
		if (o->value)
			printf(":%s:%s", o->value, o->file ? "_files" : "");
		putchar('\'');
	}
	if (v->words)
		printf(" '1:word:(%s)'", v->words);
	if (v->files)
		printf(" '%s:file:_files'", v->words ? "2" : "1");
	puts(" ;;");
}

static void
put_zsh(void)
{
	fputs(zsh_head, stdout);
	for (unsigned i = 0; i < verb_count; i++) {
		printf("\t\t\t'%s:", verbs[i].name);
		put_zsh_text(verbs[i].about);
		puts("'");
	}
	puts("\t\t)\n\t\t_describe verb verbs\n\t\treturn\n\tfi\n\tcase $line[1] in");
	for (unsigned i = 0; i < verb_count; i++)
		put_zsh_verb(&verbs[i]);
	puts("\tesac\n}\n\n_conclave \"$@\"");
}

int
verb_completion(const struct ctl *c)
{
	const char *shell = c->argc > 0 ? c->argv[0] : "";

	if (strcmp(shell, "bash") == 0)
		put_bash();
	else if (strcmp(shell, "zsh") == 0)
		put_zsh();
	else
		return verb_misused(c, "write bash or zsh");
	return EXIT_OK;
}
