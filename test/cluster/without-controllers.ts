// Servers of tests in which only one component runs, so that no controller makes ServiceAccounts or finds nodes ready.
export const WITHOUT_CONTROLLERS = { disableAdmissionPlugins: ['ServiceAccount', 'TaintNodesByCondition'] };
