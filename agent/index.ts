export { Agent, type AgentOrder } from './agent.ts'
export { OwnerWork, type OwnerWorkDone, type OwnerWorkOrder } from './owner-work.ts'
export { dueTasks, keyOf, schedulePolicy, type Journal, type Past, type SchedulePolicy, type Task } from './schedule.ts'
