/* commands: the subcommands of the program `training`. */
#ifndef SERVICES_TRAINING_COMMANDS_H
#define SERVICES_TRAINING_COMMANDS_H

/* Each takes what follows its name (argv[0] is the name) and returns an exit code. */
int command_serve(int argc, char **argv);
int command_seed(int argc, char **argv);
int command_accounts(int argc, char **argv);

#define EXIT_USAGE 2

/* One line to standard error, "training: ...", and EXIT_USAGE. */
int command_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A whole number from `min` to `max`; 0 for success. */
int command_number(const char *option, const char *text, unsigned long long min,
    unsigned long long max, unsigned long long *ret_number);

#endif
