/* conclave completion: scripts for bash and zsh, made from the table of the verbs, which
 * has a row for this verb too: hence the circle with verbs.c. Both scripts find the verb,
 * look up in the same list what may follow it, and offer that in the way of the shell. */
#include "ctl/verb.h"

#include <stdio.h>
#include <string.h>

static const struct shell {
	const char *name;
	const char *head;
	const char *tail;
} shells[] = {
    {"bash",
     "_conclave() {\n"
     "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
     "\tlocal verb=\"\" offers=\"\" options=\"-c --json --help --version\" files=\"\" i\n"
     "\n"
     "\tCOMPREPLY=()\n"
     "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
     "\t\tcase ${COMP_WORDS[i]} in\n"
     "\t\t-c) ((i++)) ;;\n"
     "\t\t-*) ;;\n"
     "\t\t*) verb=${COMP_WORDS[i]} && break ;;\n"
     "\t\tesac\n"
     "\tdone\n",
     "\t[[ $cur != -* && -n $offers$files ]] || offers=$options files=\"\"\n"
     "\tmapfile -t COMPREPLY < <(compgen -W \"$offers\" -- \"$cur\")\n"
     "\t[[ -n $files ]] || return\n"
     "\tcompopt -o filenames\n"
     "\tmapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- \"$cur\")\n"
     "}\n"
     "\n"
     "complete -F _conclave conclave\n"},
    {"zsh",
     "_conclave() {\n"
     "\tlocal cur=$words[CURRENT] prev=$words[CURRENT-1]\n"
     "\tlocal verb=\"\" offers=\"\" options=\"-c --json --help --version\" files=\"\" i\n"
     "\n"
     "\tfor ((i = 2; i < CURRENT; i++)); do\n"
     "\t\tcase $words[i] in\n"
     "\t\t-c) ((i++)) ;;\n"
     "\t\t-*) ;;\n"
     "\t\t*) verb=$words[i] && break ;;\n"
     "\t\tesac\n"
     "\tdone\n",
     "\t[[ $cur != -* && -n $offers$files ]] || offers=$options files=\"\"\n"
     "\tcompadd -- ${=offers}\n"
     "\t[[ -z $files ]] || _files\n"
     "}\n"
     "\n"
     "_conclave \"$@\"\n"},
};

static void
put_verb(const struct verb *v)
{
	printf("\t%s) options=\"", v->name);
	for (const struct verb_option *o = v->options; o->name; o++)
		if (o->about)
			printf("--%s ", o->name);
	printf("%s--help\" offers=\"%s\" files=\"%s\" ;;\n",
	       v->without_json ? "" : "--json ", v->words ? v->words : "",
	       v->files ? "1" : "");
}

/* What follows an option: a file, or something that cannot be completed. */
static void
put_values(const struct verb *v)
{
	for (const struct verb_option *o = v->options; o->name; o++)
		if (o->about && o->value)
			printf("\t\"%s --%s\") %s ;;\n", v->name, o->name,
			       strcmp(o->value, "FILE") == 0 ? "offers=\"\" files=1"
			                                     : "return");
}

int
verb_completion(const struct ctl *c)
{
	const struct shell *s = NULL;

	for (unsigned i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (c->argc > 0 && strcmp(c->argv[0], shells[i].name) == 0)
			s = &shells[i];
	if (!s)
		return verb_misused(c, "write bash or zsh");
	printf("#compdef conclave\n# made by: conclave completion %s\n\n%s", s->name,
	       s->head);
	puts("\tcase $verb in");
	for (unsigned i = 0; i < verb_count; i++)
		put_verb(&verbs[i]);
	printf("\t\"\") offers=\"");
	for (unsigned i = 0; i < verb_count; i++)
		printf("%s%s", i ? " " : "", verbs[i].name);
	puts("\" ;;\n\tesac\n\tcase \"$verb $prev\" in\n\t*\" -c\") offers=\"\" files=1 "
	     ";;");
	for (unsigned i = 0; i < verb_count; i++)
		put_values(&verbs[i]);
	printf("\tesac\n%s", s->tail);
	return EXIT_OK;
}
